"""Files that hold a secret, by their names or by what stands in them."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

_NAMES = (
    ".env", ".env.*", "*.env", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore",
    "*.kdbx", "*.ppk", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", ".netrc", "_netrc",
    ".pypirc", ".npmrc", ".pgpass", ".htpasswd", ".git-credentials", "credentials",
    "credentials.json", "secrets.y*ml", "secrets.json", "secrets.toml", "secrets.ini",
    "*.tfstate", "*.tfstate.*", "*.tfvars",
    "service-account*.json", "service_account*.json", ".dockercfg", "kubeconfig",
)  # fmt: skip
_FOLDERS = {".aws", ".ssh", ".gnupg", ".azure", ".kube"}
_EXAMPLES = (".example", ".sample", ".template", ".dist", ".pub")
_INSIDE = re.compile(
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY"
    r"|\bAKIA(?![A-Z0-9]*EXAMPLE)[A-Z0-9]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bgithub_pat_[A-Za-z0-9_]{60,}"
    r"|\bsk-[A-Za-z0-9_-]{32,}|\bxox[abprs]-[0-9]{6,}-[A-Za-z0-9-]{10,}|\bAIza[A-Za-z0-9_-]{35}\b"
)


def by_name(path: str) -> bool:
    """Whether a file's name says that it holds a secret; an example of one holds none.

    >>> by_name("deploy/.env"), by_name(".env.example"), by_name("keys/id_rsa.pub")
    (True, False, False)
    """
    *folders, name = path.lower().split("/")
    if name.endswith(_EXAMPLES):
        return False
    return bool(_FOLDERS & set(folders)) or any(fnmatchcase(name, each) for each in _NAMES)


def line_of_key(text: str) -> int | None:
    """The line on which a key stands, where one does.

    >>> line_of_key("a = 1\\n-----BEGIN RSA PRIVATE KEY-----")
    2
    """
    found = _INSIDE.search(text)
    return None if found is None else text.count("\n", 0, found.start()) + 1
