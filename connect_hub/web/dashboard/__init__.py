"""The dashboard: what operators see and do, behind the host's own sign-in or a token's.

`routes` is the table of addresses: each row names its least role and its handler. A request passes
`endpoint` (pages or JSON, to the sign-in or to a dead end) and `guard` (who, in which project, with which
role) before it. `host_answer` checks what a host's function says of an operator; `cookies`, `signing_in` and
`front_door` are for tokens and for addresses of no project.

Every group of pages is a `frame.Pages`. What changes something is a question of `asking`, and each group has
its own in `…_actions`; `made` shows a new link, once. Lists and downloads are made by `listing` and `export`,
and looked through for a name by `search`; counts by `counting` and `funnel`, drawn by `charts`. Words are in
`labels`, `states`, `refusals` (of fields) and `dead_ends` (of pages); what a template gets is in `contexts`.
"""
