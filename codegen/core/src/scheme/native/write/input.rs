//! Inputs.

use super::decoder::encoding;
use super::store::Store;
use crate::model::{ConvTail, Input, Pad, Places, Position, Scale, Stem, Window};
use crate::scheme::native::config::{ACTIVATIONS, COMBINE, LAYOUTS, POSITION_PLACES, word};
use serde_json::{Map, Value, json};

/// An entry of `inputs`.
pub(super) fn write(input: &Input, store: &mut Store) -> Value {
    let part = |part: &str| format!("inputs.{}.{part}", input.name);
    let mut fields = stem(input, store);
    fields["name"] = input.name.clone().into();
    if let Some(scale) = &input.scale {
        fields["scale"] = self::scale(scale);
    }
    if let Some(linear) = &input.project {
        fields["project"] = linear.weight.rows().into();
        store.linear(&part("project"), linear);
    }
    if let Some(tail) = &input.tail {
        fields["tail"] = self::tail(tail, &part("batch_norm"), store);
    }
    if let Some(position) = &input.position {
        fields["position"] = self::position(input, position, store);
    }
    store.optional(&part("padding"), input.padding.as_ref());
    if let Some(row) = &input.masked {
        fields["masked"] = true.into();
        store.put(&part("masked"), row);
    }
    fields
}

fn stem(input: &Input, store: &mut Store) -> Value {
    match &input.stem {
        Stem::Tokens { grid, channels } => {
            let tokens = if let [tokens] = grid.as_slice() { json!(tokens) } else { json!(grid) };
            json!({"kind": "tokens", "tokens": tokens, "channels": channels})
        }
        Stem::Series { samples, channels, patch } => {
            json!({"kind": "series", "samples": samples, "channels": channels, "patch": patch})
        }
        Stem::Image { height, width, channels, layout, window } => {
            let layout = word(&LAYOUTS, layout);
            let mut fields =
                json!({"kind": "image", "height": height, "width": width, "channels": channels, "layout": layout});
            let (name, value) = match *window == Window::tiles(window.kernel) && divides(window.kernel, *height, *width)
            {
                true => ("patch", window.kernel.into()),
                false => ("window", self::window(window)),
            };
            fields[name] = value;
            fields
        }
        Stem::Video { frames, height, width, channels, layout, patch } => json!({
            "kind": "video", "frames": frames, "height": height, "width": width, "channels": channels,
            "layout": word(&LAYOUTS, layout), "patch_frames": patch.frames, "patch": patch.side,
        }),
        Stem::Ids { tokens, embedding } => {
            store.put(&format!("inputs.{}.embedding", input.name), embedding);
            let (vocabulary, width) = (embedding.rows(), embedding.columns());
            json!({"kind": "ids", "tokens": tokens, "vocabulary": vocabulary, "embedding": width})
        }
    }
}

fn divides(patch: usize, height: usize, width: usize) -> bool {
    height.is_multiple_of(patch) && width.is_multiple_of(patch)
}

fn window(window: &Window) -> Value {
    let pad = match window.pad {
        Pad::Same => json!("same"),
        Pad::Fixed(pad) => json!(pad),
    };
    json!({"kernel": window.kernel, "stride": window.stride, "pad": pad})
}

fn scale(scale: &Scale) -> Value {
    let widened = |numbers: &[f32]| numbers.iter().map(|&number| f64::from(number)).collect::<Vec<_>>();
    json!({"offset": widened(&scale.offset), "gain": widened(&scale.gain)})
}

fn tail(tail: &ConvTail, place: &str, store: &mut Store) -> Value {
    let mut fields = Map::new();
    if let Some(norm) = &tail.batch_norm {
        let parts = [
            ("weight", &norm.gain),
            ("bias", &norm.offset),
            ("running_mean", &norm.mean),
            ("running_var", &norm.variance),
        ];
        parts.into_iter().for_each(|(part, tensor)| store.put(&format!("{place}.{part}"), tensor));
        fields.insert("batch_norm".to_owned(), json!({"eps": norm.eps}));
    }
    fields.insert("activation".to_owned(), word(&ACTIVATIONS, &tail.activation).into());
    fields.extend(tail.pool.as_ref().map(|pool| ("pool".to_owned(), window(pool))));
    fields.into()
}

fn position(input: &Input, position: &Position, store: &mut Store) -> Value {
    let place = format!("inputs.{}.position", input.name);
    let mut fields = encoding(&position.encoding, &place, &input.grid(), store);
    fields.insert("combine".to_owned(), word(&COMBINE, &position.combine).into());
    if let Some(linear) = &position.project {
        fields.insert("project".to_owned(), linear.weight.rows().into());
        store.linear(&format!("inputs.{}.position_project", input.name), linear);
    }
    if position.places != Places::default() {
        fields.insert("places".to_owned(), word(&POSITION_PLACES, &position.places).into());
    }
    fields.into()
}
