//! The `process_*` metrics every Prometheus client gives, read from /proc at each scrape. Reads only about itself.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// This process.
#[derive(Debug)]
pub(super) struct Process {
    started_unix_secs: f64,
}

impl Process {
    /// The start of the process is taken to be now.
    pub(super) fn new() -> Process {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Process { started_unix_secs: since_epoch.as_secs_f64() }
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        if let Some(cpu) = fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(cpu_seconds) {
            let help = "User and system CPU time.";
            let metric = encoder.encode_descriptor("process_cpu_seconds", help, None, MetricType::Counter)?;
            ConstCounter::new(cpu).encode(metric)?;
        }
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let kilobytes = |key: &str| status_number(&status, key).map(|kib| kib * 1_024.0);
        let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
        let open_files = fs::read_dir("/proc/self/fd").map(|entries| entries.count() as f64).ok();
        for (name, help, value) in [
            ("process_resident_memory_bytes", "Resident memory size.", kilobytes("VmRSS:")),
            ("process_virtual_memory_bytes", "Virtual memory size.", kilobytes("VmSize:")),
            ("process_threads", "Threads.", status_number(&status, "Threads:")),
            ("process_open_fds", "Open file descriptors.", open_files),
            ("process_max_fds", "Limit of open file descriptors.", open_files_max(&limits)),
            ("process_start_time_seconds", "Start since the Unix epoch.", Some(self.started_unix_secs)),
        ] {
            if let Some(value) = value {
                let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
                ConstGauge::new(value).encode(metric)?;
            }
        }
        Ok(())
    }
}

/// Fields 14 and 15 of `/proc/self/stat` (proc(5)), counted behind the name, which may hold spaces.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut ticks = fields.split_whitespace().skip(11).map(str::parse::<u64>);
    let (user, system) = (ticks.next()?.ok()?, ticks.next()?.ok()?);
    Some((user + system) as f64 / TICKS_PER_SECOND)
}

fn status_number(status: &str, key: &str) -> Option<f64> {
    status.lines().find_map(|line| line.strip_prefix(key))?.split_whitespace().next()?.parse().ok()
}

fn open_files_max(limits: &str) -> Option<f64> {
    limits.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace().next()?.parse().ok()
}

/// USER_HZ, which Linux shows to programs as 100 on every architecture we build for.
const TICKS_PER_SECOND: f64 = 100.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_is_read_with_a_space_in_the_name() {
        let stat = "7 (third ring) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 5 0 100 1000 200";
        assert_eq!(cpu_seconds(stat), Some(3.0));
        assert_eq!(cpu_seconds("nonsense"), None);
        assert_eq!(status_number("VmSize:\t  10 kB\nVmRSS:\t     4 kB\n", "VmRSS:"), Some(4.0));
        assert_eq!(open_files_max("Max open files            1024                 4096       files\n"), Some(1024.0));
    }
}
