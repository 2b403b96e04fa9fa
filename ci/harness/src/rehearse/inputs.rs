//! Everything that a rehearsal needs, found and checked before anything is started.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use outcome::{Failure, OrFail, Outcome};

use super::binaries::Binaries;

/// The usual experiments, in the order in which they are run.
const EXPERIMENTS: [&str; 3] = ["redis-slow.yaml", "redis-gone.yaml", "redis-flapping.yaml"];

/// Files of the project and servers of others.
#[derive(Debug)]
pub(crate) struct Inputs {
    /// Root of the project.
    pub(crate) root: PathBuf,
    /// Where the objectives are.
    pub(crate) objectives_folder: PathBuf,
    /// The objectives.
    pub(crate) objectives: Vec<slo::Objective>,
    /// What the load is made of.
    pub(crate) plan: PathBuf,
    /// What is broken, in order.
    pub(crate) experiments: Vec<PathBuf>,
    /// Servers of other projects.
    pub(crate) binaries: Binaries,
}

impl Inputs {
    /// Reads and checks all files below `root`, and `chosen` experiments when there are some.
    ///
    /// # Errors
    /// [`Failure::misused`] for a file that is missing or makes no sense, [`Failure::broken`] for a
    /// missing binary.
    pub(crate) fn read(root: &Path, chosen: &[PathBuf]) -> Result<Self, Failure> {
        let root = root
            .canonicalize()
            .or_misused(format!("there is no folder {}", root.display()))?;
        let objectives_folder = root.join("slo/objectives");
        let objectives = slo::load(std::slice::from_ref(&objectives_folder))?;
        let plan = root.join("loadtests/plans/rehearsal.yaml");
        check_plan(&plan)?;
        let folder = root.join("chaos/experiments");
        let experiments = match chosen {
            [] => EXPERIMENTS.map(|name| folder.join(name)).to_vec(),
            some => some.to_vec(),
        };
        check_experiments(&experiments, &objectives_folder)?;
        let binaries = Binaries::find()?;
        Ok(Self {
            root,
            objectives_folder,
            objectives,
            plan,
            experiments,
            binaries,
        })
    }
}

fn check_plan(file: &Path) -> Result<(), Failure> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).or_misused(format!("cannot read the plan {shown}"))?;
    match loadtests::Plan::parse(&text) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::misused(format!("{shown}:{error}"))),
    }
}

/// Asks the verb that knows: what it says of a bad file is already a sentence for people.
fn check_experiments(files: &[PathBuf], objectives: &Path) -> Result<(), Failure> {
    let sentence = "cannot check the experiments";
    let own_binary = std::env::current_exe().or_broken(sentence)?;
    let mut command = Command::new(own_binary);
    command
        .args(["chaos", "check"])
        .args(files)
        .arg("--slo")
        .arg(objectives)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let status = command.status().or_broken(sentence)?;
    match Outcome::of_exit_code(status.code()) {
        Outcome::Held => Ok(()),
        Outcome::Misused => Err(Failure::misused("an experiment cannot be used, see above")),
        _ => Err(Failure::broken(sentence)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_that_makes_no_sense_is_named_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan.yaml");
        std::fs::write(&file, "name: x\nshape: 3\n").unwrap();
        let failure = check_plan(&file).unwrap_err();
        assert_eq!(failure.outcome(), Outcome::Misused);
        assert!(failure.to_string().contains("plan.yaml:2"), "{failure}");
        assert_eq!(
            check_plan(folder.path()).unwrap_err().outcome(),
            Outcome::Misused
        );
    }
}
