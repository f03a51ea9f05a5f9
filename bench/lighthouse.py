"""Lighthouse's judgement of the landing page, the list of 150 connectors, and a form.

    npm install --prefix /tmp/lighthouse --ignore-scripts lighthouse
    .venv/bin/python -m bench.lighthouse /tmp/lighthouse/node_modules/lighthouse/cli/index.js

It prints the three scores of each page, on a throttled phone as Lighthouse has it. The pages are a hub's own,
served on loopback without compression, which a proxy would add.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from tests.embedding.place import place_of
from tests.peers.browser import chromium_path
from tests.peers.customer import Customer
from tests.peers.node import node_path
from tests.web.test_weight import many

CATEGORIES = ("performance", "accessibility", "best-practices")


def judged(program: str, url: str, cookies: str, report: Path) -> dict[str, float]:
    """The scores of one page, 0 to 100."""
    command = [node_path(), program, url, "--quiet", "--output=json", f"--output-path={report}"]
    command += [f"--only-categories={','.join(CATEGORIES)}"]
    command += [f"--extra-headers={json.dumps({'Cookie': cookies})}"]
    command += ["--chrome-flags=--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage"]
    surroundings = {"CHROME_PATH": chromium_path(), "PATH": "/usr/bin:/bin", "HOME": str(report.parent)}
    subprocess.run(command, check=True, env=surroundings)
    document = json.loads(report.read_text())
    for name, audit in document["audits"].items():
        if audit["score"] is not None and audit["score"] < 0.9 and audit["scoreDisplayMode"] == "binary":
            print(f"    {name}: {audit['title']}")
    return {name: round(document["categories"][name]["score"] * 100) for name in CATEGORIES}


def main() -> None:
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as name, place_of(Path(name), connectors=many(148)) as place:
        with Customer() as customer:
            landing = customer.open_link(str(place.session()["auth_link_url"]))
            listed = customer.submit(landing, "/link/confirm")
            cookies = "; ".join(f"{key}={value}" for key, value in customer.cookies.items())
        form = next(link for link in listed.links if urlsplit(link).path.endswith("/tool-007"))
        for title, url in (("opening", f"{place.hub_url}/link"), ("list", listed.url), ("form", form)):
            scores = judged(program, url, cookies, Path(name) / "report.json")
            print(f"{title:8}", *(f"{key} {value}" for key, value in scores.items()), flush=True)


if __name__ == "__main__":
    main()
