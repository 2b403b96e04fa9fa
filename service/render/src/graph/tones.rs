//! Colours of a theme.

use super::icon::Sign;
use crate::Color;
use crate::scene::Theme;

/// Colours of a theme.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tones {
    pub(super) ground: Color,
    pub(super) title: Color,
    pub(super) text: Color,
    /// Inside, border and text of a node without a state.
    pub(super) node: Node,
    /// A node that is dim because something else matters more.
    pub(super) dim: Node,
    pub(super) edge: Color,
    /// Of one among many.
    pub(super) edge_thin: Color,
    pub(super) edge_dim: Color,
    /// What a sign shows on its own colour.
    pub(super) on_sign: Color,
    signs: [(Color, Color); 4],
}

/// Colours of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) fill: Color,
    pub(super) border: Color,
    pub(super) ink: Color,
    pub(super) detail: Color,
}

impl Tones {
    pub(super) fn of(theme: Theme) -> Self {
        match theme {
            Theme::Light => Self::light(),
            Theme::Dark => Self::dark(),
        }
    }

    fn light() -> Self {
        let node = Node {
            fill: Color::rgb(0xf8fafc),
            border: Color::rgb(0x94a3b8),
            ink: Color::rgb(0x0f172a),
            detail: Color::rgb(0x5b677a),
        };
        Self {
            ground: Color::WHITE,
            title: Color::rgb(0x0f172a),
            text: Color::rgb(0x5b677a),
            node,
            dim: Node {
                border: Color::rgb(0xcbd5e1),
                ink: Color::rgb(0x64748b),
                detail: Color::rgb(0x7b8798),
                ..node
            },
            edge: Color::rgb(0x8492a6),
            edge_thin: Color::rgb(0xa9b4c3),
            edge_dim: Color::rgb(0xc3ccd8),
            on_sign: Color::WHITE,
            signs: [
                (Color::rgb(0x059669), Color::rgb(0xecfdf5)),
                (Color::rgb(0xd97706), Color::rgb(0xfffbeb)),
                (Color::rgb(0xdc2626), Color::rgb(0xfef2f2)),
                (Color::rgb(0x7c3aed), Color::rgb(0xf5f3ff)),
            ],
        }
    }

    fn dark() -> Self {
        let node = Node {
            fill: Color::rgb(0x1e293b),
            border: Color::rgb(0x64748b),
            ink: Color::rgb(0xf1f5f9),
            detail: Color::rgb(0x9aa8bc),
        };
        Self {
            ground: Color::rgb(0x0f172a),
            title: Color::rgb(0xf1f5f9),
            text: Color::rgb(0x9aa8bc),
            node,
            dim: Node {
                fill: Color::rgb(0x162033),
                border: Color::rgb(0x3b4a61),
                ink: Color::rgb(0x94a3b8),
                detail: Color::rgb(0x7b8aa0),
            },
            edge: Color::rgb(0x6f7f96),
            edge_thin: Color::rgb(0x4c5b72),
            edge_dim: Color::rgb(0x334155),
            on_sign: Color::rgb(0x0f172a),
            signs: [
                (Color::rgb(0x34d399), Color::rgb(0x10302d)),
                (Color::rgb(0xfbbf24), Color::rgb(0x33290f)),
                (Color::rgb(0xf87171), Color::rgb(0x3a1c25)),
                (Color::rgb(0xa78bfa), Color::rgb(0x272145)),
            ],
        }
    }

    /// The colour of a sign, and the pale one of the ground under it.
    pub(super) fn sign(&self, sign: Sign) -> (Color, Color) {
        match sign {
            Sign::Ok | Sign::Added => self.signs[0],
            Sign::Warning | Sign::Changed => self.signs[1],
            Sign::Failed | Sign::Removed => self.signs[2],
            Sign::Unknown => self.signs[3],
            Sign::Idle => (self.dim.detail, self.dim.fill),
        }
    }

    /// The colours of a node with a sign.
    pub(super) fn signed(&self, sign: Sign) -> Node {
        let (border, fill) = self.sign(sign);
        match sign {
            Sign::Idle => self.dim,
            Sign::Removed => Node {
                border,
                fill: self.ground,
                ..self.dim
            },
            _ => Node {
                border,
                fill,
                ..self.node
            },
        }
    }
}
