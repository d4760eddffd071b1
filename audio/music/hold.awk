# Music on hold, composed for this project: sixteen bars in G major, broken chords with soft mallets over a quiet pad,
# a melody in the second half. Prints sox's text format at 8 kHz. Every note rings on past the end into the beginning,
# so the loop has no seam. All fundamentals and the partials that matter lie between 190 Hz and 3 kHz, where G.711 is clear.

BEGIN {
    rate = 8000
    pi = atan2(0, -1)
    bar = 23040                      # 2.88 s: four beats at 83.3 a minute
    bars = 16
    total = bar * bars
    eighth = bar / 8

    # One chord a bar: four tones as semitones above G3 (196 Hz).
    n = split("0 4 7 11|9 12 16 19|5 9 12 16|7 11 14 17|4 7 11 14|9 12 16 19|2 5 9 12|7 12 14 17|" \
              "0 7 11 16|4 7 11 14|5 9 12 16|5 8 12 14|4 7 12 16|9 12 16 19|2 5 9 12|7 11 14 17", chord, "|")
    # The order in which a bar's eight quavers take the chord's tones; odd and even bars differ.
    split("1 2 3 4 3 2 4 3", rise, " ")
    split("4 3 2 1 2 3 1 2", fall, " ")
    # Melody of bars 9 to 16: quaver within the bar, semitones above G4, length in quavers.
    split("1:4:3 4:7:1 5:11:4|1:11:3 4:7:1 5:4:4|1:9:3 4:12:1 5:9:4|1:8:4 5:5:4|" \
          "1:7:3 4:4:1 5:0:4|1:4:3 4:7:1 5:9:4|1:5:3 4:9:1 5:12:2 7:9:2|1:7:4 5:2:4", melody, "|")

    for (b = 1; b <= bars; b++) {
        split(chord[b], tone, " ")
        for (q = 1; q <= 8; q++) {
            step = (b % 2) ? rise[q] : fall[q]
            mallet((b - 1) * bar + (q - 1) * eighth, 196 * 2 ^ (tone[step] / 12), q == 1 ? 0.20 : 0.15, 1.3)
        }
        for (t = 1; t <= 4; t++) pad((b - 1) * bar, 196 * 2 ^ (tone[t] / 12), 0.045)
        if (b > 8) {
            notes = split(melody[b - 8], note, " ")
            for (i = 1; i <= notes; i++) {
                split(note[i], part, ":")
                mallet((b - 1) * bar + (part[1] - 1) * eighth, 392 * 2 ^ (part[2] / 12), 0.26, 0.5 + 0.45 * part[3])
            }
        }
    }
    finish()
}

# A struck tone: it dies away over `decay` seconds, its overtones sooner.
function mallet(start, hertz, loud, decay,    i, at, length_in_samples, angle, envelope, bright) {
    length_in_samples = int(decay * 3 * rate)
    angle = 2 * pi * hertz / rate
    for (i = 0; i < length_in_samples; i++) {
        envelope = exp(-i / (decay * rate * 0.6)) * loud
        if (i < 40) envelope *= i / 40
        if (i > length_in_samples - 400) envelope *= (length_in_samples - i) / 400
        bright = exp(-i / (rate * 0.12))
        at = (start + i) % total
        mix[at] += envelope * (sin(angle * i) + 0.35 * bright * sin(2 * angle * i) + 0.12 * bright * sin(4 * angle * i))
    }
}

# A held tone under the bar: it swells, and fades into the next bar.
function pad(start, hertz, loud,    i, at, length_in_samples, angle, envelope, edge) {
    edge = int(0.7 * rate)
    length_in_samples = bar + edge
    angle = 2 * pi * hertz / rate
    for (i = 0; i < length_in_samples; i++) {
        envelope = loud
        if (i < edge) envelope *= 0.5 - 0.5 * cos(pi * i / edge)
        if (i >= bar) envelope *= 0.5 + 0.5 * cos(pi * (i - bar) / edge)
        at = (start + i) % total
        mix[at] += envelope * (sin(angle * i) + 0.3 * sin(2 * angle * i + 0.5 * sin(2 * pi * 5 * i / rate)))
    }
}

# Scaled to -20 dBFS RMS; what would pass -3 dBFS is bent softly back.
function finish(    i, sum, gain, value) {
    for (i = 0; i < total; i++) sum += mix[i] * mix[i]
    gain = 0.1 / sqrt(sum / total)
    print "; Sample Rate " rate
    print "; Channels 1"
    for (i = 0; i < total; i++) {
        value = mix[i] * gain
        if (value > 0.5) value = 0.5 + 0.2 * (1 - exp(-(value - 0.5) / 0.2))
        if (value < -0.5) value = -0.5 - 0.2 * (1 - exp((value + 0.5) / 0.2))
        printf "%.6f %.6f\n", i / rate, value
    }
}
