. "$COORD_ROOT/.coord/scripts/agent.sh"

# A prompt of a Planner whose task is known, or one that was put in by hand: there is no script for that, so its words
# are taken down and the tests are run.
cat >"$output"
case $(grep -m 1 '^# Prompt [0-9]' "$output") in
*"Let the store go on when the clock steps back"*)
    . "$COORD_ROOT/.coord/scripts/store-clock.sh"
    exit
    ;;
*"A negative cost fills a bucket of the store"*)
    . "$COORD_ROOT/.coord/scripts/store-cost.sh"
    exit
    ;;
esac
note=notes/prompt-$COORD_PROMPT.md
say "This prompt is new to me. I'll take down what it asks for, and check that everything still works."
sed -n '/^# Prompt [0-9]/,/^## How to work/p' "$output" | sed '$d' | write "$note"
expect_green
commit "Take down what prompt $COORD_PROMPT asks for"
coord agent done \
    --summary "Took down the tasks in $note; a scripted agent writes no code of its own." \
    --validation "python3 -m unittest: green"
