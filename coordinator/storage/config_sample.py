"""The coord.yaml that `coord init` writes."""


def sample() -> str:
    """The coord.yaml that `coord init` writes: every setting with its default, commented out."""
    return _SAMPLE


_SAMPLE = """\
# Settings of this project's loop. Every line below shows a default; remove the # to change it.

# project: name              # on screen; default: the name of the folder
# runtime: claude            # claude | codex | gemini | opencode | command | scripted
# command: [my-agent, run]   # what the runtime `command` starts; the prompt comes on its stdin
# agent_arguments:           # agent: further words of its command line
#   claude: --permission-mode acceptEdits
# agent_user: name           # strict mode: agents run as name-1, name-2, …; `coord strict setup` prepares them
# headless: false            # true: no screen of their own; what they may not do, they are refused
# mcp: auto                  # auto: agents also get coord's tools by MCP, where that is installed | off
# gate: review               # review: a human approves | auto: validation suites pass | forge: merged on the remote
# isolation: worktree        # worktree | shared: in the project's own folder, one at a time, past every gate
# remote: origin             # for the gate `forge`: where branches are pushed
# forge: auto                # what opens pull requests there: gh | glab | none | auto, by the remote's address
# max_parallel: 3            # agents at work at the same time
# max_attempts: 1            # 1: a failure halts the plan; more: it is tried again
# retry_backoff: 10          # seconds before the second attempt, doubling up to 300
# timeout: none              # seconds that an attempt may take
# stuck_after: 900           # seconds without progress after which you are warned about an agent; none: never
# go_on: true                # false: after a limit, a crash or a reboot agents wait until you let them go on
# budget_tokens: none        # tokens that a prompt may use before its agent is paused and you are asked
# budget_cost: none          # US dollars
# budget_time: none          # seconds of work
# run_budget_tokens: none    # the same for all prompts of a run together
# run_budget_cost: none
# run_budget_time: none
# require_criteria: false    # refuse prompts without acceptance criteria
# max_iterations: 10         # iterations after which a milestone that iterates is stuck
# planner_plans: first       # which of the Planner's plans you confirm: first (of a milestone) | all | auto: none
# on_failure: auto           # halt: a failure waits for you | plan: the Planner sees it | auto: plan if it iterates
# specialists: all           # flows that look beside the Verifier, e.g. [security, tests]; []: none
# tests: []                  # where tests are, e.g. ["tests/", "*.test.ts"]; []: where most projects have them
# max_prompts: 8             # new prompts that one plan of a Planner may have
# worktrees: .coord/worktrees # where agents work; elsewhere, in a folder of this project's own: e.g. ../worktrees
# copy: []                   # untracked files to bring along into each new worktree, e.g. [.env, node_modules]
# copy_limit: 2048           # MiB that they may have together
# setup_timeout: 900         # seconds that .coord/setup.sh may take; it runs in each new worktree
# witness_timeout: 900       # seconds that a command may take which is to show that a criterion is met
# warm: 1                    # worktrees that are made ready ahead, for the prompts that come next; 0: none
# base_branch: main          # where changes land; default: the branch that is checked out; a run keeps its own
# prompt_folders: []         # prompts of another harness, run where they are: every *.md that starts with a number,
#                            # e.g. [".planning/{branch}/prompts"]; new prompts go to the first, named as the others
# prompts_pattern: ""        # which files of these folders are prompts, e.g. "[0-9][0-9][0-9].md"; others are notes
# write_back:                # tasks that were imported, and their format: done, blocked or in progress is written back
#   backlog: backlog.md
# tmux_session: coord
# tmux_socket: coord-1234abcd
# adopt: []                  # windows to show that coord did not open, e.g. ["work:claude*", "server/session:*"];
#                            # without server/ those of your default tmux server. Nothing is written to them
# bell: none                 # when something waits for you: none | terminal (its bell) | desktop (a notification)
# chat: auto                 # the coordinator's voice: api | claude | codex (a CLI, logged in) | off | auto
# chat_model: ""             # which model speaks; "": the voice's own choice
# chat_base_url: ""          # where the API is; "": as the environment says
# chat_budget_tokens: none   # tokens that the coordinator may use for a milestone
# chat_budget_cost: none     # US dollars
# theme: coord-dark         # of the screen, for all who open this project: coord-light, coord-ansi, nord, …;
#                            # without it the one that each chose on the screen, else what fits the terminal
# keys:                      # action: key
#   interject: i
# commands:                  # commands of your own on the screen: in the palette, and on a key
#   - name: tests
#     run: cd {worktree} && make test
#     on: prompt
"""
