# shellcheck shell=sh
# What the stand-ins beside this file share: each writes its arguments to $LOG, what it is given on standard input behind them, and
# remembers in the folder $STATE what was made, so that a second run of a script finds it.

tool=$(basename "$0")

called() { # called ARGUMENT…: as one would type them
  {
    printf '%s' "$tool"
    for word in "$@"; do
      case $word in
        '' | *[!A-Za-z0-9_./:@%+=,-]*) printf " '%s'" "$(printf '%s' "$word" | sed "s/'/'\\\\''/g")" ;;
        *) printf ' %s' "$word" ;;
      esac
    done
    printf '\n'
  } >>"$LOG"
}

# What reads writes its call when it has read all: of the two ends of a pipe the later one is then behind the other.
reads() { # reads ARGUMENT…: takes standard input, and gives it on
  input=$(cat)
  called "$@"
  printf '%s\n' "$input" | sed 's/^/  | /' >>"$LOG"
  printf '%s\n' "$input"
}

mark() { printf '%s' "$tool $*" | tr -c 'A-Za-z0-9' '_'; }

make() { : >"$STATE/$(mark "$@")"; }

made() { [ -e "$STATE/$(mark "$@")" ]; }

forget() { rm -f "$STATE/$(mark "$@")"; }

keep() { cat >"$STATE/$(mark "$@")"; }

kept() { made "$@" && cat "$STATE/$(mark "$@")"; }

after() { # after WORD ARGUMENT…: the argument behind that one
  wanted=$1
  shift
  while [ $# -gt 1 ]; do
    if [ "$1" = "$wanted" ]; then
      printf '%s' "$2"
      return
    fi
    shift
  done
}
