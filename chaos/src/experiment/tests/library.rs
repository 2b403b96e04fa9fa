//! The experiments of the bundled service.

use std::collections::BTreeSet;

use super::*;

fn plans() -> Vec<Plan> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let objectives = slo::load(&[root.join("../slo/objectives")]).unwrap();
    let around = Around {
        allowed: &[],
        objectives: &objectives,
    };
    let folder = std::fs::read_dir(root.join("experiments")).unwrap();
    let mut plans: Vec<Plan> = folder
        .map(|entry| Plan::read(&entry.unwrap().path(), around).unwrap())
        .collect();
    plans.sort_by(|one, other| one.name.cmp(&other.name));
    plans
}

#[test]
fn the_experiments_of_the_bundled_service_make_sense() {
    let mut lines = Vec::new();
    for plan in plans() {
        lines.push(format!("{}: {}", plan.name, plan.title));
        for stage in &plan.stages {
            let fault = |fault: &model::Fault| format!("{} on {}", fault.label(), fault.target());
            let faults: Vec<String> = stage.faults.iter().map(fault).collect();
            let marks: Vec<&str> = stage
                .effects
                .iter()
                .map(|mark| mark.name.as_str())
                .collect();
            lines.push(format!(
                "  {}, {:?}: {} → {}",
                stage.name,
                stage.ramp + stage.hold,
                faults.join(", "),
                marks.join(", ")
            ));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn each_has_limits_and_says_what_users_may_notice() {
    let alerts = include_str!("../../../../alerts/generated/alerts.yaml");
    let mut names = BTreeSet::new();
    for plan in plans() {
        let name = &plan.name;
        assert!(
            plan.blast_radius.is_some() && !plan.aborts.is_empty(),
            "{name}"
        );
        assert!(
            plan.users
                .iter()
                .any(|user| user.objective == "availability"),
            "{name}"
        );
        assert!(
            plan.stages
                .iter()
                .map(|stage| stage.hold)
                .sum::<Duration>()
                .as_secs()
                <= 20
        );
        for alert in &plan.alerts {
            assert!(
                alerts.contains(&format!("alert: {}\n", alert.name)),
                "{name}: {}",
                alert.name
            );
        }
        names.insert(plan.name);
    }
    assert_eq!(names.len(), 12);
}
