set -eu
cat >"$COORD_OUT/requirements.md" <<'MD'
# A bucket that tells how long to wait

- `retry_after(cost)` is the seconds until `cost` tokens are there; infinity above the capacity.
- A rate or a capacity that is not positive, and a cost below zero, raise ValueError.
MD
cat >"$COORD_OUT/ac_status.json" <<'JSON'
{"acs": {
  "AC-1": {"description": "after retry_after(cost) seconds allow(cost) is true, a moment earlier it is not"},
  "AC-2": {"description": "a cost above the capacity gives infinity"},
  "AC-3": {"description": "numbers that make no sense are refused, and allow behaves as before"}}}
JSON
coord agent done --summary "wrote down what is required"
