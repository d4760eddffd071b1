# Rewrites Korean text as it is pronounced (Standard Pronunciation of Korean, rules 9-24 and 29), because espeak-ng
# reads 입니다 as it is spelled. Run with LC_ALL=C: it decodes UTF-8 by itself, so that any awk will do.
# It never touches anything but Hangul and the digits before 번; what callers see and what .txt files hold is unchanged.

BEGIN {
    for (byte = 1; byte < 256; byte++) code[sprintf("%c", byte)] = byte
    # Finals by the plain consonant they are said as: ㄱ (1), ㄷ (7), ㅂ (17); a final not listed is said as written.
    n = split("1:1 2:1 3:1 9:1 24:1 7:7 19:7 20:7 22:7 23:7 25:7 17:17 18:17 14:17 26:17", pair, " ")
    for (i = 1; i <= n; i++) { split(pair[i], side, ":"); stop[side[1]] = side[2] }
    nasal[1] = 21; nasal[7] = 4; nasal[17] = 16
    # Initials after ㅎ: ㄱ ㄷ ㅈ become ㅋ ㅌ ㅊ; stops before ㅎ likewise.
    aspirated[0] = 15; aspirated[3] = 16; aspirated[12] = 14
    merged[1] = 15; merged[7] = 16; merged[17] = 17; merged[22] = 14
    without_h[6] = 4; without_h[15] = 8; without_h[27] = 0
    split("영 일 이 삼 사 오 육 칠 팔 구", digit, " ")
}

{
    while (match($0, /[0-9]번/))
        $0 = substr($0, 1, RSTART - 1) digit[substr($0, RSTART, 1) + 1] substr($0, RSTART + 1)
    # ㄴ is put in before 육 (rule 29); 첫 번째 is said as one word.
    gsub(/십육/, "심뉵")
    gsub(/첫 번째/, "처뻔째")
    gsub(/섯 번째/, "섣뻔째")
    print pronounced($0)
}

function pronounced(text,    i, length_in_bytes, units, out) {
    length_in_bytes = length(text)
    units = 0
    for (i = 1; i <= length_in_bytes; ) {
        units++
        raw[units] = substr(text, i, 1)
        syllable[units] = -1
        if (code[raw[units]] >= 224 && code[raw[units]] < 240) {
            raw[units] = substr(text, i, 3)
            syllable[units] = (code[substr(text, i, 1)] % 16) * 4096 + (code[substr(text, i + 1, 1)] % 64) * 64 \
                + code[substr(text, i + 2, 1)] % 64 - 44032
            if (syllable[units] < 0 || syllable[units] > 11171) syllable[units] = -1
        }
        i += length(raw[units])
    }
    syllable[units + 1] = -1
    for (i = 1; i <= units; i++) meet(i)
    out = ""
    for (i = 1; i <= units; i++) out = out (syllable[i] < 0 ? raw[i] : encoded(syllable[i] + 44032))
    return out
}

# What the final of syllable `at` and the initial of the next one do to each other.
function meet(at,    last, first, said) {
    if (syllable[at] < 0) return
    last = syllable[at] % 28
    if (syllable[at + 1] < 0) {
        if (last == 11) close_with(at, 8)
        return
    }
    first = int(syllable[at + 1] / 588)
    said = (last in stop) ? stop[last] : last
    if (last == 11 && first != 11) { close_with(at, 8); return }
    if (first == 11) {
        # ㄹ or ㄴ before 여섯, 여덟: 스물려덜, 서른녀섣 (rule 29).
        if (int(syllable[at + 1] % 588 / 28) == 6 && is_six_or_eight(at + 1)) {
            if (last == 8) open_with(at + 1, 5)
            if (last == 4) open_with(at + 1, 2)
        }
        return
    }
    if (first == 18 && (last in merged)) { close_with(at, 0); open_with(at + 1, merged[last]); return }
    if (first == 18 && (last in stop)) { close_with(at, 0); open_with(at + 1, merged[said]); return }
    if (last in without_h) {
        if (first in aspirated) { close_with(at, without_h[last]); open_with(at + 1, aspirated[first]); return }
        if (last == 27 && first == 2) { close_with(at, 4); return }
        if (last == 15 && first == 2) { close_with(at, 8); open_with(at + 1, 5); return }
        return
    }
    if (first == 2 || first == 6) {
        if (last in stop) close_with(at, nasal[said])
        if (last == 8 && first == 2) open_with(at + 1, 5)
        return
    }
    if (first == 5) {
        if (last in stop) { close_with(at, nasal[said]); open_with(at + 1, 2) }
        if (last == 16 || last == 21) open_with(at + 1, 2)
        if (last == 4) close_with(at, 8)
    }
}

function is_six_or_eight(at,    next_syllable) {
    next_syllable = encoded(syllable[at + 1] + 44032)
    return (syllable[at] % 28 == 0 && (next_syllable == "섯" || next_syllable == "덟" || next_syllable == "덜"))
}

function close_with(at, last) { syllable[at] += last - syllable[at] % 28 }

function open_with(at, first) { syllable[at] = first * 588 + syllable[at] % 588 }

function encoded(point) {
    return sprintf("%c%c%c", 224 + int(point / 4096), 128 + int(point / 64) % 64, 128 + point % 64)
}
