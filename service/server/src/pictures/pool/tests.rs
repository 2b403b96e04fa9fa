use super::*;
use render::Card;
use std::sync::mpsc;

fn figures() -> Arc<Figures> {
    Arc::new(Figures::new("1", "2", false))
}

fn scene(title: &str) -> Scene {
    Scene::Card(Card {
        title: title.to_owned(),
        ..Card::default()
    })
}

/// Larger than any that is cheap.
fn dear_scene() -> Scene {
    Scene::Card(Card {
        title: "dear".to_owned(),
        width: 4_000,
        height: 4_000,
        ..Card::default()
    })
}

fn picture() -> render::Picture {
    render::Picture {
        png: b"png".to_vec(),
        width: 1,
        height: 1,
        missing_glyphs: 0,
        missing: Vec::new(),
        is_simplified: false,
    }
}

fn bounds(threads: usize, queue_max: usize) -> PoolBounds {
    let second = Duration::from_secs(1);
    PoolBounds {
        line: LineBounds {
            workers: threads,
            length_max: queue_max,
            cost_max: 2 * second,
            bytes_max: 1 << 26,
            dear: second / 20,
        },
        cost_max: 2 * second,
    }
}

fn soon() -> Deadline {
    Deadline::after(clock::now(), Duration::from_secs(10))
}

#[tokio::test]
async fn a_panic_in_drawing_fails_one_request_and_the_thread_lives_on() {
    let make = || -> Box<Draw> {
        Box::new(|scene, _| match scene {
            Scene::Card(card) if card.title == "boom" => panic!("no {}", card.title),
            _ => Ok(picture()),
        })
    };
    let pool = Pool::start(bounds(1, 8), figures(), Arc::new(make)).unwrap();
    let error = pool.draw(scene("boom"), 9, soon()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the picture could not be drawn: a panic: no boom"
    );
    assert!(pool.draw(scene("fine"), 9, soon()).await.is_ok());
}

#[tokio::test]
async fn a_full_line_refuses_and_a_late_job_is_not_drawn() {
    let (go, gate) = mpsc::channel::<()>();
    let (began, begun) = mpsc::channel::<String>();
    let gate = Arc::new(Mutex::new(gate));
    let make = move || -> Box<Draw> {
        let (gate, began) = (Arc::clone(&gate), began.clone());
        Box::new(move |scene, _| {
            if let Scene::Card(card) = scene {
                began.send(card.title.clone()).unwrap();
            }
            gate.lock().unwrap().recv().unwrap();
            Ok(picture())
        })
    };
    let pool = Arc::new(Pool::start(bounds(1, 2), figures(), Arc::new(make)).unwrap());
    let draw = |title: &'static str, deadline| {
        let pool = Arc::clone(&pool);
        tokio::spawn(async move { pool.draw(scene(title), 9, deadline).await.map(|_| ()) })
    };
    let first = draw("first", soon());
    let name = tokio::task::spawn_blocking(move || (begun.recv().unwrap(), begun))
        .await
        .unwrap();
    assert_eq!(name.0, "first");
    let late = draw("late", Deadline::after(clock::now(), Duration::ZERO));
    while pool.shared.lock().waiting.is_empty() {
        tokio::task::yield_now().await;
    }
    let last = draw("last", soon());
    while pool.shared.lock().waiting.len() < 2 {
        tokio::task::yield_now().await;
    }
    let refused = pool.draw(scene("refused"), 9, soon()).await;
    assert!(matches!(refused, Err(DrawError::Full { .. })));
    go.send(()).unwrap();
    go.send(()).unwrap();
    assert!(first.await.unwrap().is_ok());
    assert!(matches!(late.await.unwrap(), Err(DrawError::Late)));
    assert!(last.await.unwrap().is_ok());
    assert_eq!(name.1.try_iter().collect::<Vec<_>>(), ["last"]);
}

#[tokio::test]
async fn dear_pictures_leave_a_thread_to_cheap_ones() {
    let (go, gate) = mpsc::channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let make = move || -> Box<Draw> {
        let gate = Arc::clone(&gate);
        Box::new(move |scene, _| {
            if matches!(scene, Scene::Card(card) if card.title == "dear") {
                gate.lock().unwrap().recv().unwrap();
            }
            Ok(picture())
        })
    };
    let pool = Arc::new(Pool::start(bounds(2, 8), figures(), Arc::new(make)).unwrap());
    let dear = || {
        let pool = Arc::clone(&pool);
        tokio::spawn(async move { pool.draw(dear_scene(), 9, soon()).await })
    };
    let (one, other) = (dear(), dear());
    // One is being drawn for as long as we like, the other may not be.
    while pool.shared.lock().waiting.cost() != cost_of(&dear_scene()) {
        tokio::task::yield_now().await;
    }
    for _ in 0..100 {
        let cheap = pool.draw(scene("cheap"), 9, soon());
        let drawn = tokio::time::timeout(Duration::from_secs(5), cheap).await;
        assert!(drawn.expect("it waits behind dear ones").is_ok());
    }
    go.send(()).unwrap();
    go.send(()).unwrap();
    assert!(one.await.unwrap().is_ok() && other.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_picture_that_alone_is_too_dear_is_refused_before_it_waits() {
    let make = || -> Box<Draw> { Box::new(|_, _| Ok(picture())) };
    let tight = PoolBounds {
        cost_max: Duration::from_micros(10),
        ..bounds(1, 8)
    };
    let pool = Pool::start(tight, figures(), Arc::new(make)).unwrap();
    let error = pool.draw(scene("dear"), 9, soon()).await.unwrap_err();
    assert!(
        matches!(error, DrawError::TooDear { limit, actual } if limit == tight.cost_max && actual > limit)
    );
}

#[tokio::test]
async fn each_stage_is_timed_and_the_wait_too() {
    let figures = figures();
    let make = || -> Box<Draw> {
        Box::new(|_, enter| {
            for stage in [
                RenderStage::Layout,
                RenderStage::Raster,
                RenderStage::Encode,
            ] {
                enter(stage);
            }
            Ok(picture())
        })
    };
    let pool = Pool::start(bounds(1, 8), Arc::clone(&figures), Arc::new(make)).unwrap();
    let drawn = pool.draw(scene("card"), 9, soon()).await.unwrap();
    let spans: Vec<&str> = drawn.timings.iter().map(|timing| timing.span).collect();
    assert_eq!(
        spans,
        [
            "render.queue",
            "render.layout",
            "render.raster",
            "render.encode"
        ]
    );
    let count = "render_stage_duration_seconds_count{kind=\"card\",stage=\"encode\"} 1";
    assert!(figures.encode().contains(count));
}
