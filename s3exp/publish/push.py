"""Uploads an exported folder to the Hugging Face hub: the data set, and the small model of a single run.

The token is huggingface_hub's own (`hf auth login`, or HF_TOKEN); it is never shown or written.
"""

from __future__ import annotations

from pathlib import Path

from s3exp.types import UserError

_MODELS = ["model/*", "models/*"]


def push(folder: Path, name: str, public: bool) -> list[str]:
    """Create the repositories `name` where they do not exist, private unless `public`, and upload.

    Returns what was pushed, one text each.

    Raises:
        UserError: the hub cannot be reached or refuses, or the repository is public and `public` is not set.
    """
    import httpx
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    api = HfApi(library_name="s3exp")
    pushed = []
    places = {"dataset": folder, "model": folder / "model"}
    try:
        for kind, place in places.items():
            if place.is_dir():
                api.create_repo(name, repo_type=kind, private=not public, exist_ok=True)
                hidden = api.repo_info(name, repo_type=kind).private  # it may have been there before
                if not public and not hidden:
                    raise UserError(
                        f"--push {name}: the {kind} is there and public: add --public, or choose another name"
                    )
                ignored = _MODELS if kind == "dataset" else None
                message = "Export of s3exp"
                api.upload_folder(
                    repo_id=name,
                    repo_type=kind,
                    folder_path=place,
                    commit_message=message,
                    ignore_patterns=ignored,
                )
                pushed.append(f"{kind} {name} ({'private' if hidden else 'public'})")
    except (HfHubHTTPError, httpx.HTTPError, OSError, ValueError) as error:
        done = f"; pushed before: {', '.join(pushed)}" if pushed else ""
        reason = str(error).strip().split("\n")[0]
        raise UserError(f"--push {name}: {reason} (what was exported stays in {folder}){done}") from error
    return pushed
