//! What a panel shows, without how Grafana writes it.

/// A row of panels under one title.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) title: &'static str,
    pub(crate) panels: Vec<Panel>,
}

/// One panel.
#[derive(Debug)]
pub(crate) struct Panel {
    pub(crate) title: String,
    /// What it shows, what is normal, what to do when it is not.
    pub(crate) description: String,
    pub(crate) look: Look,
    /// Unit in Grafana's words.
    pub(crate) unit: &'static str,
    /// Columns out of 24, and rows of 30 px.
    pub(crate) size: (u32, u32),
    pub(crate) queries: Vec<Query>,
    /// Values at which it turns red, or orange and red.
    pub(crate) limits: Limits,
    /// Lowest and highest value of the axis, where they are known.
    pub(crate) range: (Option<f64>, Option<f64>),
}

/// One query and the legend of its series.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) expr: String,
    pub(crate) legend: String,
}

/// How a panel is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// The last value, large.
    Stat,
    /// Lines over time.
    Lines,
    /// Areas on top of each other.
    Stacked,
    /// A histogram over time.
    Heatmap,
    /// The states of a circuit over time.
    Circuit,
}

/// Where green ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Limits {
    /// Nothing is bad by itself.
    None,
    /// Red from here up.
    Above(f64),
    /// Red below the first, orange below the second.
    Below(f64, f64),
}

/// A panel of lines of half the width; the methods change what differs.
pub(crate) fn lines(title: &str, unit: &'static str, description: &str) -> Panel {
    Panel {
        title: title.to_owned(),
        description: description.to_owned(),
        look: Look::Lines,
        unit,
        size: (12, 8),
        queries: Vec::new(),
        limits: Limits::None,
        range: (Some(0.0), None),
    }
}

impl Panel {
    /// With one more query.
    pub(crate) fn query(mut self, expr: impl Into<String>, legend: impl Into<String>) -> Self {
        self.queries.push(Query {
            expr: expr.into(),
            legend: legend.into(),
        });
        self
    }

    /// Drawn in another way.
    pub(crate) fn look(self, look: Look) -> Self {
        Self { look, ..self }
    }

    /// So many columns wide and rows high.
    pub(crate) fn size(self, width: u32, height: u32) -> Self {
        Self {
            size: (width, height),
            ..self
        }
    }

    /// Green, orange and red.
    pub(crate) fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// With an axis that ends at `max`.
    pub(crate) fn up_to(self, max: f64) -> Self {
        Self {
            range: (self.range.0, Some(max)),
            ..self
        }
    }

    /// With an axis that starts at its lowest value, which may be negative.
    pub(crate) fn unbounded_below(self) -> Self {
        Self {
            range: (None, self.range.1),
            ..self
        }
    }
}
