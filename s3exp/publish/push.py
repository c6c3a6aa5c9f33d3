"""Uploads an exported folder to the Hugging Face hub: the data set, and every small model as a repository of its own.

The token is huggingface_hub's own (`hf auth login`, or HF_TOKEN); it is never shown or written.
"""

from __future__ import annotations

from pathlib import Path

from s3exp.types import UserError

_MODELS = ["model/*", "models/*"]


def push(folder: Path, name: str, public: bool) -> list[str]:
    """Create the repositories where they do not exist, private unless `public`, and upload.

    The data set is `name`, and so is the small model of a single run. Of several, each is `name-` and its folder's
    name, so that `from_pretrained` and the hub's pages take them as they take other models.

    Returns what was pushed, one text each.

    Raises:
        UserError: the hub cannot be reached or refuses, or the repository is public and `public` is not set.
    """
    import httpx
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    api = HfApi(library_name="s3exp")
    pushed = []
    several = sorted((folder / "models").glob("*"))
    places = [("dataset", name, folder), *(("model", f"{name}-{place.name}", place) for place in several)]
    if (folder / "model").is_dir():
        places.append(("model", name, folder / "model"))
    try:
        for kind, repository, place in places:
            api.create_repo(repository, repo_type=kind, private=not public, exist_ok=True)
            hidden = api.repo_info(repository, repo_type=kind).private  # it may have been there before
            if not public and not hidden:
                raise UserError(
                    f"--push {name}: the {kind} {repository} is there and public: add --public, or choose another name"
                )
            api.upload_folder(
                repo_id=repository,
                repo_type=kind,
                folder_path=place,
                commit_message="Export of s3exp",
                ignore_patterns=_MODELS if kind == "dataset" else None,
            )
            pushed.append(f"{kind} {repository} ({'private' if hidden else 'public'})")
    except (HfHubHTTPError, httpx.HTTPError, OSError, ValueError) as error:
        done = f"; pushed before: {', '.join(pushed)}" if pushed else ""
        reason = str(error).strip().split("\n")[0]
        raise UserError(f"--push {name}: {reason} (what was exported stays in {folder}){done}") from error
    return pushed
