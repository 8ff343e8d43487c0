#!/usr/bin/env bash
# Makes a virtual environment with the vendors' own clients for Python, which the tests of the dialects ask with, and prints
# the path of its Python on stdout:
#
#   SAFELIGHT_TEST_PYTHON=$(scripts/python-clients.sh /tmp/safelight-python) npm test -- python
#
# A folder that already holds the same versions is left as it is.
set -euo pipefail

clients=(openai==3.51.0 boto3==1.44.5 webuiapi==0.9.17)

folder=${1:?usage: scripts/python-clients.sh <folder>}
python=$folder/bin/python
stamp=$folder/clients.txt

if [ ! -x "$python" ] || [ "$(cat "$stamp" 2>/dev/null)" != "${clients[*]}" ]; then
  python3 -m venv --clear "$folder" >&2
  "$python" -m pip install --quiet --disable-pip-version-check "${clients[@]}" >&2
  echo "${clients[*]}" >"$stamp"
fi
echo "$(cd "$folder" && pwd)/bin/python"
