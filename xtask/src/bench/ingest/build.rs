//! Building what is measured, and knowing where it lies.

use std::io;
use std::path::PathBuf;

use crate::faulty;
use crate::workspace;

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
        let target = workspace::target()?;
        let mut tools = Self {
            scratch: target.join("bench"),
            yardstick_batch_bytes: plan.yardstick_batch_bytes,
            release: target.join("release"),
            faulty: PathBuf::new(),
            root: workspace::root()?,
        };
        workspace::build(&["-p", "catchment-bench"])?;
        if subject == Contestant::Catchment {
            if plan.stall {
                tools.faulty = faulty::collector()?;
            }
            workspace::build(&["-p", "catchment"])?;
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
}
