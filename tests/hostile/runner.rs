//! Runs the program and stops it when it takes too much.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How much of a processor's time one run may take. By the clock on the wall, a run beside a build of something else would take
/// several times as long as alone.
pub const TIME: Duration = Duration::from_secs(5);
/// How long one run may take by the clock on the wall: one that waits for a pipe takes no processor's time at all.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much memory one run may have, in KiB.
pub const MEMORY: u64 = 512 * 1024;
/// How much one run may print, in bytes: who would read more of it?
pub const OUTPUT: usize = 64 * 1024 * 1024;
/// How often is looked.
const PAUSE: Duration = Duration::from_millis(2);

/// What came of a run.
pub struct Outcome {
    /// The exit code; none if a signal ended it.
    pub code: Option<i32>,
    pub out: Vec<u8>,
    pub err: Vec<u8>,
    /// The processor's time that it took.
    pub took: Duration,
    /// The most memory that it was seen with, in KiB.
    pub memory: u64,
    /// Why it was stopped.
    pub stopped: Option<Stopped>,
}

/// Why a run was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    Time,
    Memory,
    Output,
}

/// Runs a program in a folder, under the limits.
///
/// Memory is what the kernel says of the process (`VmHWM`, the most that was resident), and looked at every two milliseconds. In
/// that time a process can touch some tens of MiB, no more; and as it is a high-water mark, a peak between two looks counts. The
/// other way, `ulimit -v`, limits addresses and not memory: threads and arenas have hundreds of MiB of these and never touch
/// them. It would also make an allocation fail, and so turn a file that is much too large into a well-behaved "cannot read".
/// Where there is no `/proc`, memory is not limited, and time only by the clock.
pub fn run(program: &Path, arguments: &[&str], folder: &Path) -> Outcome {
    run_for(PATIENCE, program, arguments, folder)
}

/// The same, with another limit by the clock on the wall.
pub fn run_for(patience: Duration, program: &Path, arguments: &[&str], folder: &Path) -> Outcome {
    // Should the test itself be killed, nobody watches any more: then the kernel stops what is left.
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -t 30; exec \"$0\" \"$@\""]).arg(program).args(arguments);
    command.current_dir(folder).env_remove("RUST_BACKTRACE").env("NO_COLOR", "1");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    let out = drained(child.stdout.take().unwrap());
    let err = drained(child.stderr.take().unwrap());
    let (mut memory, mut took, mut stopped) = (0, Duration::ZERO, None);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        memory = memory.max(resident(&child));
        took = took.max(processor_time(&child));
        if took > TIME || begun.elapsed() > patience {
            stopped = Some(Stopped::Time);
        } else if memory > MEMORY {
            stopped = Some(Stopped::Memory);
        }
        if stopped.is_some() {
            child.kill().unwrap();
            break child.wait().unwrap();
        }
        thread::sleep(PAUSE);
    };
    let (out, err) = (out.join().unwrap(), err.join().unwrap());
    if out.len() > OUTPUT || err.len() > OUTPUT {
        stopped = stopped.or(Some(Stopped::Output));
    }
    Outcome { code: status.code(), out, err, took, memory, stopped }
}

/// Reads to the limit and lets go, so that the next write fails.
fn drained(from: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.take(OUTPUT as u64 + 1).read_to_end(&mut bytes);
        bytes
    })
}

fn resident(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(0)
}

/// What `/proc` counts in hundredths of a second, for the program and for the system.
fn processor_time(child: &Child) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
    // The name in parentheses may have blanks; user and system time are the 12th and 13th behind it.
    let fields = stat.rsplit_once(')').map(|(_, fields)| fields).unwrap_or_default();
    let ticks: u64 = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}
