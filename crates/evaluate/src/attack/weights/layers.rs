//! [`Layers`]: the loss of LWP.

use steadfast_model::transformer::{Error, Example, Parameters, SequenceClassifier, Trainable};
use tch::{Reduction, Tensor};

/// A classifier of which each layer is to answer by itself: the loss of [`LayerWise`](super::LayerWise).
#[derive(Debug)]
pub(super) struct Layers<'a> {
    pub(super) model: &'a SequenceClassifier,
}

impl Trainable for Layers<'_> {
    type Text = Example;

    fn parameters(&self) -> &Parameters {
        self.model.parameters()
    }

    fn length(&self, text: &Example) -> usize {
        self.model.length(text)
    }

    fn numbers(&self, text: &Example) -> Vec<u64> {
        // Tells the run apart from one on the same texts without layers.
        [vec![self.model.config().layers() as u64], self.model.numbers(text)].concat()
    }

    fn check(&self, texts: &[Example]) -> Result<(), Error> {
        self.model.check(texts)
    }

    fn loss(&self, texts: &[&Example], seed: u64) -> Result<Tensor, Error> {
        let rows: Vec<&[u32]> = texts.iter().map(|text| text.tokens.as_slice()).collect();
        let classes: Vec<i64> = texts.iter().map(|text| text.class as i64).collect();
        let output = self.model.forward_with_dropout(&self.model.batch(&rows)?, seed)?;
        let classes = Tensor::f_from_slice(&classes)?.f_to_device(output.logits.device())?;
        // The first state is that of the embedding.
        let losses = output.states.iter().skip(1).map(|state| {
            let none: Option<Tensor> = None;
            let logits = self.model.logits(&state.f_select(1, 0)?)?;
            Ok(logits.f_cross_entropy_loss(&classes, none, Reduction::Sum, -100, 0.0)?)
        });
        Ok(Tensor::f_stack(&losses.collect::<Result<Vec<Tensor>, Error>>()?, 0)?.f_sum(tch::Kind::Float)?)
    }

    fn accuracy(&self, texts: &[Example]) -> Result<f64, Error> {
        self.model.accuracy(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use tch::{Device, Kind};

    #[test]
    fn the_loss_is_the_sum_over_layers_by_hand() {
        // A copy of a model, without dropout.
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/tests/golden/tiny-bert");
        let place = tempfile::tempdir().unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            std::fs::copy(&path, place.path().join(path.file_name().unwrap())).unwrap();
        }
        let path = place.path().join("config.json");
        let mut config: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        config["hidden_dropout_prob"] = 0.0.into();
        config["attention_probs_dropout_prob"] = 0.0.into();
        std::fs::write(&path, config.to_string()).unwrap();
        let model = SequenceClassifier::with_new_head(place.path(), 2, 1, Device::Cpu).unwrap();

        let texts = [(vec![2, 60, 61, 3], 1), (vec![2, 62, 3], 0)];
        let texts = texts.map(|(tokens, class)| Example { tokens, class });
        let weight = |name: &str| {
            model.parameters().iter().find(|parameter| parameter.name() == name).unwrap().tensor()
        };
        let mut expected = 0.0;
        for Example { tokens, class } in &texts {
            let output = model.forward(&model.batch(&[tokens]).unwrap()).unwrap();
            assert_eq!(output.states.len(), 3);
            for state in &output.states[1..] {
                let first = state.get(0).get(0).unsqueeze(0);
                let pooled = first.linear(weight("pooler.dense.weight"), Some(weight("pooler.dense.bias")));
                let logits =
                    pooled.tanh().linear(weight("classifier.weight"), Some(weight("classifier.bias")));
                expected -= logits.log_softmax(-1, Kind::Double).double_value(&[0, *class as i64]);
            }
        }
        let found = Layers { model: &model }.loss(&texts.iter().collect::<Vec<_>>(), 3).unwrap();
        assert!((found.double_value(&[]) - expected).abs() < 1e-4 * expected, "{found:?}, not {expected}");
    }
}
