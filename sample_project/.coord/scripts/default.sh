. "$COORD_ROOT/.coord/scripts/agent.sh"

# A prompt that was put in by hand: there is no script for it, so its words are taken down and the tests are run.
note=notes/prompt-$COORD_PROMPT.md
say "This prompt is new to me. I'll take down what it asks for, and check that everything still works."
cat >"$output"
sed -n '/^# Prompt [0-9]/,/^## How to work/p' "$output" | sed '$d' | write "$note"
expect_green
commit "Take down what prompt $COORD_PROMPT asks for"
coord agent done \
    --summary "Took down the tasks in $note; a scripted agent writes no code of its own." \
    --validation "python3 -m unittest: green"
