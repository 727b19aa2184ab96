"""Runs cfn-lint on the SAM template and on the plain template that CloudFormation would make of it.

The transform is AWS's own translator, so the second run sees every role, permission and rule that SAM writes for us.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from checks.documents import TEMPLATE, load

CFN_LINT = Path(sys.executable).with_name("cfn-lint")
REGION = "us-east-1"


class ManagedPolicies:
    """AWS's managed policies by name, which the translator asks a loader for: the template names none."""

    def load(self) -> dict[str, str]:
        return {}


def transformed(template: dict[str, Any]) -> dict[str, Any]:
    """The plain CloudFormation that SAM makes of a template, with code where `sam deploy` would put it."""
    from samtranslator.translator.transform import transform

    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    packaged = json.loads(json.dumps(template))
    for body in packaged["Resources"].values():
        for field in ("CodeUri", "ContentUri", "DefinitionUri"):
            if field in body.get("Properties", {}):
                body["Properties"][field] = {"Bucket": "packages", "Key": "package"}
    plain: dict[str, Any] = transform(packaged, {}, ManagedPolicies())
    return plain


def lint(templates: list[Path]) -> list[str]:
    """What cfn-lint says about these files, a finding a line, errors and warnings alike."""
    done = subprocess.run(
        [str(CFN_LINT), "--format", "parseable", "--regions", REGION, "--", *map(str, templates)],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    return [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "transformed.json"
        plain.write_text(json.dumps(transformed(load(TEMPLATE)), indent=1), encoding="utf-8")
        findings = lint([TEMPLATE, plain])
    for finding in findings:
        print(finding)
    if not findings:
        print("template: cfn-lint finds nothing in it, nor in what it becomes")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
