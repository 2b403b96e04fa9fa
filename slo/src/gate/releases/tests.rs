use super::*;

/// A plan that asks for nothing but the releases.
pub(super) fn plan() -> ReleasesPlan<'static> {
    ReleasesPlan {
        metric: "build_info".to_owned(),
        label: "version".to_owned(),
        number: 3,
        lookback: Duration::from_secs(86_400),
        window: Duration::from_secs(3_600),
        matchers: Vec::new(),
        requests: None,
        saturation: None,
        objectives: &[],
    }
}

fn requests(histogram: &str, bad: &str) -> Option<Requests> {
    Some(Requests {
        histogram: histogram.to_owned(),
        bad: bad.to_owned(),
    })
}

#[test]
fn what_cannot_be_asked_for_is_named() {
    assert_eq!(plan().check(), Ok(()));
    let day = Duration::from_secs(86_400);
    let text = str::to_owned;
    let plans = [
        ReleasesPlan {
            metric: text("build info"),
            ..plan()
        },
        ReleasesPlan {
            label: text("version)"),
            ..plan()
        },
        ReleasesPlan {
            label: String::new(),
            ..plan()
        },
        ReleasesPlan {
            number: 0,
            ..plan()
        },
        ReleasesPlan {
            number: 11,
            ..plan()
        },
        ReleasesPlan {
            lookback: 31 * day,
            ..plan()
        },
        ReleasesPlan {
            lookback: Duration::ZERO,
            ..plan()
        },
        ReleasesPlan {
            window: Duration::from_secs(7),
            ..plan()
        },
        ReleasesPlan {
            requests: requests("a{b}", "c=\"d\""),
            ..plan()
        },
        ReleasesPlan {
            requests: requests("seconds", "code>500"),
            ..plan()
        },
        ReleasesPlan {
            saturation: Some(text("max(cpu")),
            ..plan()
        },
    ];
    let told: Vec<String> = plans.iter().map(|plan| plan.check().unwrap_err()).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_matcher_on_the_label_of_releases_is_each_releases_own() {
    let pair = |label: &str, value: &str| (label.to_owned(), value.to_owned());
    let plan = ReleasesPlan {
        matchers: vec![pair("zone", "a"), pair("version", "2")],
        ..plan()
    };
    assert!(plan.tells_apart());
    assert_eq!(
        plan.matchers_of("1"),
        [pair("zone", "a"), pair("version", "1")]
    );
}
