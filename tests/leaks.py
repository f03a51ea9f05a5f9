"""What a tool that reports errors with the local variables of every frame would see of an error of ours."""

from types import TracebackType

__all__ = ["reported"]


def reported(error: BaseException) -> str:
    """The messages, attributes and local variables of the package's frames, over the chain of errors."""
    seen: list[str] = []
    pending: list[BaseException | None] = [error]
    while pending:
        current = pending.pop()
        if current is None:
            continue
        pending += [current.__cause__, current.__context__]
        seen += [repr(current), str(current), repr(vars(current))]
        frame: TracebackType | None = current.__traceback__
        while frame is not None:
            if "/connect_hub/" in frame.tb_frame.f_code.co_filename:
                seen += [repr(value) for value in frame.tb_frame.f_locals.values()]
            frame = frame.tb_next
    return "\n".join(seen)
