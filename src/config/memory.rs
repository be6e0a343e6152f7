//! How much memory this process may use: the machine's, or less if a control group says so.

use std::fs;
use std::path::Path;

const LEAST: usize = 512 << 20;
const MIB: u64 = 1 << 20;

/// Half of the memory that this process may use, in whole MiB; at least 512 MiB.
pub(super) fn half() -> usize {
    let half = allowed().unwrap_or_default() / 2 / MIB * MIB;
    usize::try_from(half).unwrap_or(usize::MAX).max(LEAST)
}

/// The memory that this process may use, if that can be seen.
pub(super) fn allowed() -> Option<u64> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    least(
        &read("/proc/meminfo"),
        &read("/proc/self/cgroup"),
        Path::new("/sys/fs/cgroup"),
    )
}

/// The least of what the machine has and what the control groups allow that this process is in.
fn least(machine: &str, groups: &str, mounted: &Path) -> Option<u64> {
    let machine = machine
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.strip_suffix("kB"))
        .and_then(|kib| kib.trim().parse::<u64>().ok())
        .map(|kib| kib * 1024);
    let allowed = groups
        .lines()
        .filter_map(|line| {
            let (_, line) = line.split_once(':')?;
            let (controllers, path) = line.split_once(':')?;
            let (top, file) = match controllers {
                "" => (mounted.to_owned(), "memory.max"),
                "memory" => (mounted.join("memory"), "memory.limit_in_bytes"),
                _ => return None,
            };
            // In a container the path may be the host's: what cannot be seen of it is passed over.
            let own = top.join(path.trim_start_matches('/'));
            own.ancestors()
                .take_while(|folder| folder.starts_with(&top))
                .filter_map(|folder| {
                    fs::read_to_string(folder.join(file))
                        .ok()?
                        .trim()
                        .parse()
                        .ok()
                })
                .min()
        })
        .min();
    machine.into_iter().chain(allowed).min()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const MACHINE: &str = "MemTotal:        4096 kB\nMemFree:          1 kB\n";

    #[test]
    fn the_smallest_of_machine_and_groups_counts() {
        let mounted = std::env::temp_dir().join(format!("dondo-groups-{}", std::process::id()));
        let [own, old] = ["a/b", "memory"].map(|folder| mounted.join(folder));
        fs::create_dir_all(&own).unwrap();
        fs::create_dir_all(&old).unwrap();
        fs::write(own.join("memory.max"), "max\n").unwrap();
        fs::write(mounted.join("a/memory.max"), "1000\n").unwrap();
        fs::write(old.join("memory.limit_in_bytes"), "2000\n").unwrap();
        let told = [
            least(MACHINE, "", &mounted),
            least(MACHINE, "0::/\n", &mounted),
            least(MACHINE, "1:cpu:/a/b\n0::/a/b\n", &mounted),
            least(MACHINE, "4:memory:/docker/unseen\n", &mounted),
            least("", "nonsense", &mounted),
        ];
        fs::remove_dir_all(&mounted).unwrap();
        let machine = Some(4096 * 1024);
        assert_eq!(told, [machine, machine, Some(1000), Some(2000), None]);
    }

    #[test]
    fn half_of_it_is_never_less_than_a_hub_needs() {
        assert!(half() >= LEAST);
    }
}
