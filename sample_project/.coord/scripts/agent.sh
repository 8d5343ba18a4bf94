# What the scripted agents share: they print the way a coding agent does, and the work they show is really done.
#
# The file `pace` beside this one says how many seconds a printed line takes; 0 is as fast as the machine can.

set -eu

pace=$(cat "$COORD_ROOT/.coord/scripts/pace")
output=$(mktemp)
trap 'rm -f "$output"' EXIT
trap 'exit 143' TERM INT HUP

esc=$(printf '\033')
bold="${esc}[1m" dim="${esc}[2m" red="${esc}[31m" green="${esc}[32m" blue="${esc}[34m" plain="${esc}[0m"

tick() {
    [ "$pace" = 0 ] || sleep "$pace"
}

# say TEXT: a sentence of the agent
say() {
    printf '\n%s●%s %s\n' "$green" "$plain" "$1"
    tick
    tick
}

# think WORD: a few seconds of visible effort
think() {
    [ "$pace" != 0 ] || return 0
    for mark in ✢ ✳ ✶ ✻ ✽ ✻ ✶ ✳; do
        printf '\r%s%s %s…%s ' "$blue" "$mark" "$1" "$plain"
        sleep "$pace"
    done
    printf '\r%s[K' "$esc"
}

tool() {
    printf '\n%s●%s %s%s%s(%s)\n' "$green" "$plain" "$bold" "$1" "$plain" "$2"
    tick
}

# indent COLOUR: the lines on stdin, below the tool call that gave them
indent() {
    corner=⎿
    while IFS= read -r line; do
        printf '  %s%s%s  %s%s%s\n' "$dim" "$corner" "$plain" "$1" "$line" "$plain"
        corner=' '
        tick
    done
}

# write PATH: save stdin as a file
write() {
    mkdir -p "$(dirname "$1")"
    cat >"$1"
    tool Write "$1"
    printf '  %s⎿  Wrote %d lines%s\n' "$dim" "$(wc -l <"$1")" "$plain"
    sed -n '/[^ ]/p' "$1" | head -n 6 | while IFS= read -r line; do
        printf '     %s%s%s\n' "$dim" "$line" "$plain"
    done
    tick
    tick
}

# edit PATH: apply the unified diff on stdin to a file
edit() {
    cat >"$output"
    tool Edit "$1"
    git apply --recount "$output" || give_up "the change to $1 does not apply any more"
    while IFS= read -r line; do
        case $line in
        ---* | +++* | @@*) continue ;;
        +*) colour=$green ;;
        -*) colour=$red ;;
        *) colour=$dim ;;
        esac
        printf '     %s%s%s\n' "$colour" "$line" "$plain"
    done <"$output"
    tick
    tick
    tick
}

# run COMMAND…: run it and show the end of what it printed; its exit status is ours
run() {
    tool Bash "$*"
    if "$@" >"$output" 2>&1 </dev/null; then
        sed '/^-*$/d' "$output" | tail -n 4 | indent "$green"
    else
        sed '/^-*$/d' "$output" | tail -n 4 | indent "$red"
        return 1
    fi
}

# expect_red TESTS…: they have to fail now, or they test nothing
expect_red() {
    if run python3 -m unittest "$@"; then
        give_up "the new tests pass without the change: they test nothing"
    fi
    say "Red, as it should be. Now the code."
}

# expect_green: all tests have to pass now
expect_green() {
    run python3 -m unittest || give_up "tests are red: $(sed -n 's/^\(FAIL\|ERROR\): //p' "$output" | head -n 1)"
}

# commit MESSAGE: everything that changed
commit() {
    git add --all
    git commit --quiet --message "$1"
    tool Bash "git commit"
    git log -1 --format='%h %s' | indent ""
}

# ask TEXT OPTION DEFAULT-OPTION: put a question to the human and wait; the answer is in $answer
ask() {
    tool Bash "coord ask \"$1\""
    printf '  %s⎿  waiting for an answer%s\n' "$dim" "$plain"
    answer=$(coord ask "$1" --option "$3" --option "$2" --default "$3" --wait)
    printf '%s\n' "$answer" | indent "$bold"
}

decide() {
    tool Bash "coord decide"
    coord decide "$1" >/dev/null
    printf '%s\n' "$1" | indent ""
}

give_up() {
    say "I can't finish this: $1"
    coord agent fail --reason "$1"
    exit 1
}
