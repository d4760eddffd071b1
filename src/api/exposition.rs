//! The two text formats that scrapers ask for. The library writes OpenMetrics; the classic format is made from it
//! here. Only rewrites lines. OpenMetrics 1.0; Prometheus text exposition format 0.0.4; RFC 9110 12.5.1.

/// A text format of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// What every tool reads; the default.
    Classic,
    OpenMetrics,
}

impl Format {
    /// The format that the `Accept` header prefers; classic when it does not care.
    #[must_use]
    pub fn accepted(accept: &str) -> Format {
        let (mut open_metrics, mut plain) = (0.0_f32, 0.0_f32);
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default().to_ascii_lowercase();
            let quality = parts
                .filter_map(|parameter| parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q=")))
                .find_map(|quality| quality.parse().ok())
                .unwrap_or(1.0);
            match media.as_str() {
                "application/openmetrics-text" => open_metrics = open_metrics.max(quality),
                "text/plain" | "text/*" | "*/*" => plain = plain.max(quality),
                _ => {}
            }
        }
        if open_metrics > plain { Format::OpenMetrics } else { Format::Classic }
    }

    /// The `Content-Type` to answer with.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Classic => "text/plain; version=0.0.4; charset=utf-8",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// The same numbers in the classic format: counters and infos carry their full sample name in HELP and TYPE, units,
/// creation times and exemplars have no place, there is no end mark.
pub(super) fn classic(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len() + 4_096);
    // HELP comes before TYPE, and only TYPE tells which suffix the name needs.
    let mut help = None;
    let mut creation_times = String::new();
    for line in open_metrics.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ');
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            let (suffix, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                "stateset" => ("", "gauge"),
                "gaugehistogram" => ("", "histogram"),
                "unknown" => ("", "untyped"),
                same => ("", same),
            };
            if let Some((of, words)) = help.take()
                && of == name
            {
                // Only OpenMetrics escapes quotes in help.
                text.push_str(&format!("# HELP {name}{suffix} {}\n", words.replace("\\\"", "\"")));
            }
            text.push_str(&format!("# TYPE {name}{suffix} {kind}\n"));
            creation_times = format!("{name}_created");
        } else if !line.starts_with('#') && !is_sample_of(line, &creation_times) {
            text.push_str(without_exemplar(line));
            text.push('\n');
        }
    }
    text
}

fn is_sample_of(line: &str, name: &str) -> bool {
    line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']))
}

/// The sample before ` # {`, looked for behind the labels, whose values may hold anything.
fn without_exemplar(line: &str) -> &str {
    let (mut quoted, mut escaped) = (false, false);
    for (at, character) in line.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '#' if !quoted => return line[..at].trim_end(),
            _ => {}
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accept_header_decides_and_classic_is_the_default() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.2";
        assert_eq!(Format::accepted(prometheus), Format::OpenMetrics);
        for classic in ["", "*/*", "text/html,*/*;q=0.8", "text/plain", "application/openmetrics-text;q=0.2,text/plain"]
        {
            assert_eq!(Format::accepted(classic), Format::Classic, "{classic}");
        }
    }

    #[test]
    fn what_only_openmetrics_knows_is_translated_or_left_out() {
        let open_metrics = "\
# HELP a Counts \\\"a\\\".
# TYPE a counter
# UNIT a things
a_total{x=\"# {1}\"} 3 # {trace=\"1\"} 1.0
a_created{x=\"# {1}\"} 1e9
# HELP build This program.
# TYPE build info
build_info{version=\"1\"} 1
# HELP c How long.
# TYPE c histogram
c_sum 1.0
c_bucket{le=\"+Inf\"} 1 # {} 0.5
# EOF
";
        let expected = "\
# HELP a_total Counts \"a\".
# TYPE a_total counter
a_total{x=\"# {1}\"} 3
# HELP build_info This program.
# TYPE build_info gauge
build_info{version=\"1\"} 1
# HELP c How long.
# TYPE c histogram
c_sum 1.0
c_bucket{le=\"+Inf\"} 1
";
        assert_eq!(classic(open_metrics), expected);
    }
}
