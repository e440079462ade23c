#!/usr/bin/env bash
# Stands in for the launcher where README's blocks run: nothing is built, ports and folders are this test's, and what takes long is cut
# short by options that come after those of the block. Coordinators and workers stay, and their numbers are kept for the end.
set -euo pipefail
arguments=()
for word in "$@"; do
    word=${word//:7070/:$PORT_OF_COORDINATOR}; word=${word//:7071/:$PORT_OF_WORKER}
    word=${word//:9464/:$PORT_OF_MONITORING}; word=${word//:9465/:$PORT_OF_WORKERS_MONITORING}
    [[ $word != https://first.example:* ]] || word=${word/first.example/localhost}
    [[ $word != /data/* && $word != /runs/* ]] || word=$PWD$word
    arguments+=("$word")
done

run() { exec dotnet "$ATELIER_DLL" "${arguments[@]}" "$@"; }

# Starts what goes on by itself, and returns as soon as it has printed a line.
start() {
    local log=$1.log line=$2
    : >"$log"
    setsid dotnet "$ATELIER_DLL" "${arguments[@]}" "${@:3}" >"$log" 2>&1 &
    echo $! >>processes
    until_printed "$log" "$line" $! || { cat "$log" >&2; exit 1; }
}

until_printed() { grep -q -m1 "$2" < <(tail -n +1 -F --pid="${3:-$$}" "$1" 2>/dev/null); }

small=(--set channel-base=128 --set channel-max=8 --set z-dim=16 --set w-dim=16 --set mapping-layers=2)
short=(--set batch=8 --set shard=4 --set mbstd-group=4 --set tick-kimg=0.008 --set metrics=none)

case "${1-} ${2-}" in
    "train "*) run --kimg 0.016 "${small[@]}" "${short[@]}" ;;
    "demo "*) run --minutes 0.02 ;;
    # The tests are run by what runs this; HelpTests has its options.
    "test "*) run --help ;;
    "coordinator "*)
        [[ $* == *--listen* ]] || arguments+=(--listen "127.0.0.1:$PORT_OF_COORDINATOR")
        start coordinator "^listening" ;;
    "worker "*) start worker "^attached" ;;
    # A person who types is slower than what is started before this.
    "submit "*) until_printed worker.log "^attached"; run ;;
    "watch "*) start watch " is running" ;;
    "correct label")
        start label "A for artifact"
        # In the place of a person.
        for seed in {0..11}; do printf '{"seed":%d,"label":"%s"}\n' "$seed" "$( ((seed % 2)) && echo normal || echo artifact)"; done >>fix/labels.jsonl ;;
    "correct train") run --steps 2 --width 4 --batch 8 ;;
    "correct apply") run --samples 32 ;;
    "analyze "*) run --seeds 0-3 --noises 2 --pictures 2 ;;
    "metrics "*) run --samples 32 ;;
    "project "*) run --steps 3 --frames 2 ;;
    "detect "*) run --steps 2 --images 2 ;;
    "video "*) run --frames 4 ;;
    *) run ;;
esac
