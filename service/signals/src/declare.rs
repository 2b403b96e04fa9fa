//! The shape of a declaration: metric, label, signal.

use std::fmt;
use std::marker::PhantomData;

/// What a metric measures over time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MetricKind {
    /// Only rises; falls to 0 when its process restarts.
    Counter,
    /// Rises and falls.
    Gauge,
    /// Counts observations by these upper bounds, ascending, without `+Inf`.
    Histogram(&'static [f64]),
}

/// The values that a label can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// One of these, known when the program is built.
    OneOf(&'static [&'static str]),
    /// Known only when it runs (a version, a name from a file): at most this many.
    AtMost(usize),
}

/// One label of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// Its name in Prometheus.
    pub name: &'static str,
    /// What it can be.
    pub values: Values,
}

/// One declared metric, as data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// Its name in Prometheus, with unit and `_total` where they belong.
    pub name: &'static str,
    /// One sentence for `# HELP`.
    pub help: &'static str,
    /// What it measures over time.
    pub kind: MetricKind,
    /// Its labels, in the order in which they are recorded.
    pub labels: &'static [Label],
}

/// A value of one label.
pub trait LabelValue {
    /// The label that this is a value of.
    const LABEL: Label;
    /// The value as Prometheus sees it.
    fn as_str(&self) -> &str;
}

/// The values of all labels of a metric, as a tuple of [`LabelValue`]s.
pub trait LabelSet {
    /// The labels, in order.
    const LABELS: &'static [Label];
    /// Calls `f` with the values, in the order of [`LabelSet::LABELS`].
    fn with_values<R>(&self, f: impl FnOnce(&[&str]) -> R) -> R;
}

macro_rules! label_set {
    ($($value:ident . $index:tt),*) => {
        impl<$($value: LabelValue),*> LabelSet for ($($value,)*) {
            const LABELS: &'static [Label] = &[$($value::LABEL),*];
            fn with_values<R>(&self, f: impl FnOnce(&[&str]) -> R) -> R {
                f(&[$(self.$index.as_str()),*])
            }
        }
    };
}

label_set!();
label_set!(A.0);
label_set!(A.0, B.1);
label_set!(A.0, B.1, C.2);
label_set!(A.0, B.1, C.2, D.3);

/// A metric together with the type of its labels; `Display` writes its name.
#[derive(Debug)]
pub struct Signal<L> {
    metric: Metric,
    labels: PhantomData<fn(L)>,
}

impl<L: LabelSet> Signal<L> {
    pub(crate) const fn new(name: &'static str, help: &'static str, kind: MetricKind) -> Self {
        let metric = Metric {
            name,
            help: help.trim_ascii(),
            kind,
            labels: L::LABELS,
        };
        Self {
            metric,
            labels: PhantomData,
        }
    }

    /// The declaration as data.
    #[must_use]
    pub const fn metric(&self) -> Metric {
        self.metric
    }
}

impl<L> fmt::Display for Signal<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.metric.name)
    }
}

/// Declares signals: documentation becomes help, and all of them are listed in `ALL`.
macro_rules! signals {
    ($(
        #[doc = $help:literal]
        $name:ident: $kind:expr => $metric:literal by ($($label:ty),*);
    )*) => {
        $(
            #[doc = $help]
            pub const $name: $crate::Signal<($($label,)*)> =
                $crate::Signal::new($metric, $help, $kind);
        )*
        pub(crate) const ALL: &[$crate::Metric] = &[$($name.metric()),*];
    };
}

/// Declares a label with a fixed set of values, as an enum.
macro_rules! label {
    (
        #[doc = $help:literal]
        $name:ident = $label:literal {
            $( #[doc = $value_help:literal] $variant:ident = $value:literal, )+
        }
    ) => {
        #[doc = $help]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $( #[doc = $value_help] $variant, )+
        }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The value as Prometheus sees it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $value),+ }
            }
        }

        impl $crate::LabelValue for $name {
            const LABEL: $crate::Label =
                $crate::Label { name: $label, values: $crate::Values::OneOf(&[$($value),+]) };
            fn as_str(&self) -> &str {
                (*self).as_str()
            }
        }
    };
}

/// Declares a label whose values are known only at run time, and how many there may be.
macro_rules! open_label {
    ( #[doc = $help:literal] $name:ident = $label:literal at most $max:literal ) => {
        #[doc = $help]
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub struct $name(pub String);

        impl $crate::LabelValue for $name {
            const LABEL: $crate::Label = $crate::Label {
                name: $label,
                values: $crate::Values::AtMost($max),
            };
            fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

pub(crate) use {label, open_label, signals};
