. "$COORD_ROOT/.coord/scripts/agent.sh"

say "I'll look at what is really imported, instead of trusting the list of requirements."
cat >"$output.py" <<'PY'
import ast
import pathlib
import sys

foreign = set()
for path in sorted(pathlib.Path("tokenbucket").glob("*.py")):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            foreign |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            foreign.add(node.module.split(".")[0])
foreign -= {*sys.stdlib_module_names, "tokenbucket"}
print("needs a package: " + ", ".join(sorted(foreign)) if foreign else "standard library only")
raise SystemExit(bool(foreign))
PY
trap 'rm -f "$output" "$output.py"' EXIT
run python3 "$output.py" || give_up "$(cat "$output")"
coord agent done \
    --summary "Nothing to change: tokenbucket imports only itself and the standard library." \
    --validation "every import statement of every module, by its syntax tree"
