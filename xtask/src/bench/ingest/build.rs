//! Building what is measured, and knowing where it lies.

use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::faulty;

use super::contestant::Contestant;
use super::plan::Plan;

/// The programs, and a directory on disk for what they write.
#[derive(Debug)]
pub(crate) struct Tools {
    /// The repository.
    pub(crate) root: PathBuf,
    /// Data directories and logs of runs; each run makes and removes its own below it.
    pub(crate) scratch: PathBuf,
    pub(crate) yardstick_batch_bytes: u32,
    release: PathBuf,
    faulty: PathBuf,
}

impl Tools {
    /// Builds everything in release mode; when a stall is planned, also the collector whose disk can be
    /// told to stall.
    pub(crate) fn build(subject: Contestant, plan: &Plan) -> io::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let mut tools = Self {
            scratch: target.join("bench"),
            yardstick_batch_bytes: plan.yardstick_batch_bytes,
            release: target.join("release"),
            faulty: PathBuf::new(),
            root,
        };
        tools.cargo(&["-p", "catchment-bench"])?;
        if subject == Contestant::Catchment {
            if plan.stall {
                tools.faulty = faulty::collector()?;
            }
            tools.cargo(&["-p", "catchment"])?;
        }
        std::fs::create_dir_all(&tools.scratch)?;
        Ok(tools)
    }

    pub(crate) fn yardstick(&self) -> PathBuf {
        self.release.join("yardstick")
    }

    pub(crate) fn load(&self) -> PathBuf {
        self.release.join("load")
    }

    pub(crate) fn catchment(&self) -> PathBuf {
        self.release.join("catchment")
    }

    /// The collector that obeys `CATCHMENT_FAULTS`.
    pub(crate) fn catchment_with_faults(&self) -> PathBuf {
        self.faulty.clone()
    }

    fn cargo(&self, arguments: &[&str]) -> io::Result<()> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo)
            .current_dir(&self.root)
            .args(["build", "--release", "--quiet"])
            .args(arguments)
            .status()?;
        if status.success() {
            return Ok(());
        }
        Err(io::Error::other(format!("`cargo build --release {}` failed", arguments.join(" "))))
    }
}
