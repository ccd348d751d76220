//! [`Encoder`]: embeddings and layers, from token ids to hidden states.

use super::{Activation, Batch, Config, Error, dropout::Dropout, parameters::Parameters, weights::Weights};
use tch::{Device, Kind, Tensor};

/// A stack of transformer layers over an embedding of tokens (Vaswani et al. 2017; Devlin et al. 2019).
///
/// It holds its weights by shallow copies: they are the tensors of its [`Parameters`].
#[derive(Debug)]
pub(crate) struct Encoder {
    words: Tensor,
    positions: Tensor,
    types: Tensor,
    norm: Norm,
    layers: Vec<Layer>,
    first_position: i64,
    dropout: f64,
}

/// A dense layer: `x·Wᵀ + b`.
#[derive(Debug)]
pub(crate) struct Dense {
    weight: Tensor,
    bias: Tensor,
}

impl Dense {
    /// Reads `name.weight` (`outputs × inputs`) and `name.bias`.
    pub(crate) fn read(
        parameters: &mut Parameters,
        weights: &mut Weights,
        name: &str,
        inputs: i64,
        outputs: i64,
    ) -> Result<Self, Error> {
        Ok(Self {
            weight: parameters.read(weights, &format!("{name}.weight"), &[outputs, inputs])?,
            bias: parameters.read(weights, &format!("{name}.bias"), &[outputs])?,
        })
    }

    pub(crate) const fn new(weight: Tensor, bias: Tensor) -> Self {
        Self { weight, bias }
    }

    pub(crate) fn forward(&self, input: &Tensor) -> Result<Tensor, Error> {
        Ok(input.f_linear(&self.weight, Some(&self.bias))?)
    }
}

/// The standard deviation of a new head's weights, as in BERT. They are normal; biases are zero.
const HEAD_DEVIATION: f64 = 0.02;

/// Weight and bias of a new dense layer. The seeded generator is held by the caller.
pub(crate) fn new_dense(inputs: i64, outputs: i64) -> Result<(Tensor, Tensor), Error> {
    let options = (Kind::Float, Device::Cpu);
    let mut weight = Tensor::f_zeros([outputs, inputs], options)?;
    let _ = weight.f_normal_(0.0, HEAD_DEVIATION)?;
    Ok((weight, Tensor::f_zeros([outputs], options)?))
}

/// Layer normalization over the last dimension.
#[derive(Debug)]
pub(crate) struct Norm {
    weight: Tensor,
    bias: Tensor,
    epsilon: f64,
}

impl Norm {
    pub(crate) fn read(
        parameters: &mut Parameters,
        weights: &mut Weights,
        name: &str,
        config: &Config,
    ) -> Result<Self, Error> {
        Ok(Self {
            weight: parameters.read(weights, &format!("{name}.weight"), &[config.hidden()])?,
            bias: parameters.read(weights, &format!("{name}.bias"), &[config.hidden()])?,
            epsilon: config.epsilon(),
        })
    }

    pub(crate) fn forward(&self, input: &Tensor) -> Result<Tensor, Error> {
        let size = self.weight.size();
        Ok(input.f_layer_norm(size, Some(&self.weight), Some(&self.bias), self.epsilon, true)?)
    }
}

#[derive(Debug)]
struct Layer {
    query: Dense,
    key: Dense,
    value: Dense,
    attended: Dense,
    attention_norm: Norm,
    widened: Dense,
    narrowed: Dense,
    output_norm: Norm,
    heads: i64,
    activation: Activation,
    dropout: f64,
    attention_dropout: f64,
}

impl Encoder {
    pub(crate) fn read(
        parameters: &mut Parameters,
        weights: &mut Weights,
        config: &Config,
    ) -> Result<Self, Error> {
        let hidden = config.hidden();
        let mut table = |name: &str, rows| {
            parameters.read(weights, &format!("embeddings.{name}_embeddings.weight"), &[rows, hidden])
        };
        let words = table("word", config.vocabulary())?;
        let positions = table("position", config.positions())?;
        let types = table("token_type", config.types())?;
        let norm = Norm::read(parameters, weights, "embeddings.LayerNorm", config)?;
        let layers = (0..config.layers())
            .map(|number| Layer::read(parameters, weights, &format!("encoder.layer.{number}"), config))
            .collect::<Result<_, _>>()?;
        let (first_position, dropout) = (config.first_position(), config.dropout());
        Ok(Self { words, positions, types, norm, layers, first_position, dropout })
    }

    fn embed(&self, batch: &Batch, dropout: &Dropout) -> Result<Tensor, Error> {
        let embedded = Tensor::f_embedding(&self.words, batch.tokens(), -1, false, false)?;
        let positions = self.positions.f_narrow(0, self.first_position, batch.width())?;
        let embedded = (embedded.f_add(&positions)?).f_add(&self.types.f_select(0, 0)?)?;
        dropout.apply(&self.norm.forward(&embedded)?, self.dropout)
    }

    /// The hidden states after the embedding and after each layer, `layers + 1` tensors of `texts × tokens × hidden`; and the last
    /// of them once more.
    pub(crate) fn forward(&self, batch: &Batch, dropout: &Dropout) -> Result<(Vec<Tensor>, Tensor), Error> {
        let mut states = Vec::with_capacity(self.layers.len() + 1);
        let mut state = self.embed(batch, dropout)?;
        for layer in &self.layers {
            let next = layer.forward(&state, &state, batch.mask(), dropout)?;
            states.push(std::mem::replace(&mut state, next));
        }
        states.push(state.shallow_clone());
        Ok((states, state))
    }

    /// The last hidden state of each text's first token, `texts × hidden`, without dropout. The last layer is computed for that
    /// token only.
    pub(crate) fn first_token(&self, batch: &Batch) -> Result<Tensor, Error> {
        let first = |state: &Tensor| state.f_narrow(1, 0, 1);
        let mut state = self.embed(batch, &Dropout::Off)?;
        for (number, layer) in (1..).zip(&self.layers) {
            let asked = if number < self.layers.len() { state.shallow_clone() } else { first(&state)? };
            state = layer.forward(&state, &asked, batch.mask(), &Dropout::Off)?;
        }
        Ok(first(&state)?.f_squeeze_dim(1)?)
    }

    /// The table of word embeddings, `vocabulary × hidden`.
    pub(crate) const fn words(&self) -> &Tensor {
        &self.words
    }
}

impl Layer {
    fn read(
        parameters: &mut Parameters,
        weights: &mut Weights,
        name: &str,
        config: &Config,
    ) -> Result<Self, Error> {
        let (hidden, wide) = (config.hidden(), config.intermediate());
        let mut dense = |part: &str, inputs, outputs| {
            Dense::read(parameters, weights, &format!("{name}.{part}"), inputs, outputs)
        };
        let query = dense("attention.self.query", hidden, hidden)?;
        let key = dense("attention.self.key", hidden, hidden)?;
        let value = dense("attention.self.value", hidden, hidden)?;
        let attended = dense("attention.output.dense", hidden, hidden)?;
        let widened = dense("intermediate.dense", hidden, wide)?;
        let narrowed = dense("output.dense", wide, hidden)?;
        let mut norm = |part: &str| Norm::read(parameters, weights, &format!("{name}.{part}"), config);
        Ok(Self {
            query,
            key,
            value,
            attended,
            attention_norm: norm("attention.output.LayerNorm")?,
            widened,
            narrowed,
            output_norm: norm("output.LayerNorm")?,
            heads: config.heads(),
            activation: config.activation(),
            dropout: config.dropout(),
            attention_dropout: config.attention_dropout(),
        })
    }

    /// The next states of `asked`, which are all of `input` or some of its tokens, and attend to `input`.
    fn forward(
        &self,
        input: &Tensor,
        asked: &Tensor,
        mask: Option<&Tensor>,
        dropout: &Dropout,
    ) -> Result<Tensor, Error> {
        let split = |dense: &Dense, states: &Tensor| -> Result<Tensor, Error> {
            let (texts, tokens, hidden) = states.size3()?;
            let heads = [texts, tokens, self.heads, hidden / self.heads];
            Ok(dense.forward(states)?.f_view(heads)?.f_transpose(1, 2)?)
        };
        // The order in which backpropagation adds up the three gradients of the input.
        let query = split(&self.query, asked)?;
        let (key, value) = (split(&self.key, input)?, split(&self.value, input)?);
        let mixed = dropout.attention(&query, &key, &value, mask, self.attention_dropout)?;
        let mixed = mixed.f_transpose(1, 2)?.f_reshape(asked.size())?;
        let attended = dropout.apply(&self.attended.forward(&mixed)?, self.dropout)?;
        let attended = self.attention_norm.forward(&attended.f_add(asked)?)?;
        let wide = activate(&self.widened.forward(&attended)?, self.activation)?;
        let narrow = dropout.apply(&self.narrowed.forward(&wide)?, self.dropout)?;
        self.output_norm.forward(&narrow.f_add(&attended)?)
    }
}

/// The non-linearity, element by element.
pub(crate) fn activate(input: &Tensor, activation: Activation) -> Result<Tensor, Error> {
    Ok(match activation {
        Activation::Gelu => input.f_gelu("none")?,
        Activation::GeluTanh => input.f_gelu("tanh")?,
        Activation::Relu => input.f_relu()?,
    })
}

/// Logits in single precision, whatever the precision of the weights.
pub(crate) fn single(logits: &Tensor) -> Result<Tensor, Error> {
    Ok(logits.f_to_kind(Kind::Float)?)
}
