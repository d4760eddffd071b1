#!/usr/bin/env bash
# Speaks every prompt of a list into a WAV file, so that the server works before anybody has been to a studio.
# It never overwrites a recording: a WAV that this script did not make stays, whatever its text says.
#
#   audio/build-prompts.sh                render what is missing or whose text has changed, from audio/prompts.tsv
#   audio/build-prompts.sh --all          render every file of ours again (after changing this script)
#   audio/build-prompts.sh --prune        also remove files of ours that the list no longer names
#   audio/build-prompts.sh --music        also compose the music on hold again
#   ... | audio/build-prompts.sh -        the list comes from standard input: lines of name<TAB>text
#
# Needs bash 4.4, espeak-ng, sox, awk and coreutils. README.md beside it tells the rules.

set -euo pipefail
shopt -s lastpipe

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
manifest=$here/MANIFEST
list=$here/prompts.tsv
all=no prune=no music=no
for argument in "$@"; do
    case $argument in
        --all) all=yes ;;
        --prune) prune=yes ;;
        --music) music=yes ;;
        -) list=/dev/stdin ;;
        -h | --help) sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
        *) echo "build-prompts: unknown argument '$argument' (see --help)" >&2; exit 2 ;;
    esac
done
if [[ $prune == yes && $list == /dev/stdin ]]; then
    echo "build-prompts: --prune needs the whole list, not a part from standard input" >&2
    exit 2
fi
for program in espeak-ng sox awk sha256sum; do
    command -v "$program" >/dev/null || { echo "build-prompts: $program is not installed" >&2; exit 1; }
done

work=$(mktemp -d)
declare -A ours=()        # file -> sha256, as the manifest has it
declare -A found=()       # file -> sha256, as it lies on disk
declare -A listed=()      # files that the list names

# The manifest is written even when we are interrupted: a file that was rendered and forgotten would count as a recording.
finish() {
    for file in "${!ours[@]}"; do printf '%s  %s\n' "${ours[$file]}" "$file"; done | LC_ALL=C sort -k 2 >"$manifest"
    rm -rf "$work"
}
trap finish EXIT

if [[ -f $manifest ]]; then
    while read -r sum file; do ours[$file]=$sum; done <"$manifest"
fi
cd "$here"
find . -name '*.wav' -print0 | xargs -0 -r sha256sum | while read -r sum file; do found[${file#./}]=$sum; done

# Whether the WAV is somebody's recording: not made by us, or marked by a line `recorded` in its text file.
is_recording() {
    local name=$1
    [[ -n ${found[$name.wav]:-} ]] || return 1
    [[ ${found[$name.wav]} == "${ours[$name.wav]:-}" ]] || return 0
    [[ -f $name.txt ]] && grep -qx recorded "$name.txt"
}

# The text as it is handed to espeak-ng: escaped, then as it is pronounced, in the tune that fits its place in a sentence.
spoken() {
    local name=$1 text=$2
    text=${text//&/&amp;}; text=${text//</&lt;}; text=${text//>/&gt;}
    case $name in
        ko/*) text=$(LC_ALL=C awk -f pronounce-ko.awk <<<"$text") ;;
        # A line for Spanish speakers inside an English menu is said by the Spanish voice.
        en/*) text=$(sed 's|Para español, oprima 8\.|<voice xml:lang="es">Para español, oprima ocho.</voice>|' <<<"$text") ;;
    esac
    case $name in
        # Spliced into numbers: level, neither rising nor falling.
        */digit/* | */key/* | */letter/* | */number/* | */hundreds/* | */thousands/* | */scale/* | */unit/* | */count/* | */counter/*)
            text="<prosody range=\"20%\">$text</prosody>" ;;
        # The end of an English sentence.
        en/minutes/* | en/hours/* | en/clock/*) text="$text." ;;
        # Any other piece without an end goes on: the tune of a comma.
        *) [[ $text == *[.?!,]* && ${text: -1} == [.?!,] ]] || text="$text," ;;
    esac
    printf '%s' "$text"
}

# 8 kHz, mono, 16 bit; silence trimmed; -20 dBFS RMS with peaks below -2 dBFS; 10 ms fades; a breath after sentences.
render() {
    local name=$1 text=$2 voice speed lead tail level
    mkdir -p "$(dirname "$name")"
    if [[ $name == */pause/* ]]; then
        sox -D -n -r 8000 -c 1 -b 16 "$name.wav" trim 0 0.25
        return
    fi
    # Whole sentences are spoken at a calm pace; pieces that are put together, a little faster, as within a sentence.
    case $name in
        ko/system/* | ko/phrase/* | ko/*-ko/*) voice=ko speed=170 ;;
        ko/*) voice=ko speed=190 ;;
        en/system/* | en/phrase/* | en/*-en/*) voice=en-us speed=165 ;;
        *) voice=en-us speed=180 ;;
    esac
    lead=0.02 tail=0.04
    [[ ${text: -1} == [.?!] ]] && tail=0.12
    espeak-ng -m -v "$voice" -s "$speed" -w "$work/said.wav" -- "$(spoken "$name" "$text")"
    # Half scale first, so that no filter can overflow; then the telephone band, and the ends cut where speech is.
    sox -D "$work/said.wav" "$work/band.wav" gain -6 highpass 110 rate 8000 \
        silence 1 0.005 0.15% reverse silence 1 0.005 0.15% reverse
    # A gentle compressor keeps quiet consonants above the noise of a line.
    sox -D "$work/band.wav" "$work/even.wav" compand 0.005,0.08 -60,-60,-40,-32,-20,-16,0,-8 0
    level=$(sox "$work/even.wav" -n stat 2>&1 | awk '
        /Maximum amplitude/ { top = $3 } /Minimum amplitude/ { bottom = -$3 } /RMS.*amplitude/ { rms = $3 }
        END {
            peak = top > bottom ? top : bottom
            gain = 0.1 / rms; limit = 0.79 / peak
            printf "%.4f", gain < limit ? gain : limit
        }')
    sox -D "$work/even.wav" -b 16 "$name.wav" vol "$level" fade t 0.01 -0 0.01 pad "$lead" "$tail"
}

remember() {
    local file=$1 sum
    read -r sum _ < <(sha256sum "$file")
    ours[$file]=$sum found[$file]=$sum
}

rendered=0 kept=0
while IFS=$'\t' read -r name text; do
    [[ -z $name || $name == '#'* ]] && continue
    if [[ ! $name =~ ^(ko|en)(/[A-Za-z0-9_-]+)+$ || -z $text ]]; then
        echo "build-prompts: not a line of name<TAB>text: '$name'" >&2
        exit 2
    fi
    listed[$name.wav]=yes
    written=
    [[ -f $name.txt ]] && { IFS= read -r written <"$name.txt" || true; }
    if is_recording "$name"; then
        [[ $written == "$text" ]] || echo "build-prompts: the recording $name.wav says '$written', the list says '$text'" >&2
        unset "ours[$name.wav]"
        kept=$((kept + 1))
        continue
    fi
    [[ $all == no && -n ${found[$name.wav]:-} && $written == "$text" ]] && continue
    render "$name" "$text"
    printf '%s\n' "$text" >"$name.txt"
    remember "$name.wav"
    rendered=$((rendered + 1))
done <"$list"

if [[ $music == yes || -z ${found[music/hold.wav]:-} ]] && ! is_recording music/hold; then
    LC_ALL=C awk -f music/hold.awk | sox -D -t dat - -r 8000 -c 1 -b 16 music/hold.wav
    remember music/hold.wav
fi

if [[ $prune == yes ]]; then
    for file in "${!ours[@]}"; do
        [[ $file == music/* || -n ${listed[$file]:-} ]] && continue
        is_recording "${file%.wav}" || rm -f "$file" "${file%.wav}.txt"
        unset "ours[$file]"
    done
    find ko en -type d -empty -delete
fi
echo "rendered $rendered, kept $kept recordings, $(find . -name '*.wav' | wc -l) files, $(du -sh --apparent-size . | cut -f 1)"
