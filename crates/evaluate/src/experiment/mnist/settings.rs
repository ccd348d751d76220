//! [`Settings`]: everything that the votes depend on.

use crate::Error;
use serde::{Deserialize, Serialize};
use steadfast_certify::{Confidence, Plan, Rate};
use steadfast_model::ensemble::{BaseLearner, EnsembleNoise, NearestCentroid, TwoLayerNet, TwoLayerSettings};

/// What is trained on each noisy training set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Learner {
    /// A network with one hidden layer, as in the paper
    TwoLayer,
    /// The class whose mean image is nearest: simpler, faster, and certified much further
    Centroid,
}

/// What computes the two-layer nets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Backend {
    /// Pure Rust, on the CPU
    #[default]
    Rust,
    /// libtorch, on the CPU or on a CUDA device (needs the feature `torch`)
    Torch,
}

/// Everything that the votes depend on, as command-line options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, clap::Args)]
pub struct Settings {
    /// Nets whose votes bound the chosen class (N in the paper); radius 3 needs 10,069 unanimous ones, or 20,137 with Bonferroni
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    pub models: u64,

    /// Further nets that choose the class beforehand
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub selection_models: u64,

    /// What is trained on each noisy training set
    #[arg(long, value_enum, default_value_t = Learner::TwoLayer)]
    pub learner: Learner,

    /// What computes the two-layer nets; the same votes up to rounding
    #[arg(long, value_enum, default_value_t = Backend::Rust)]
    // Runs that were saved before there was a choice.
    #[serde(default)]
    pub backend: Backend,

    /// Probability that a pixel keeps its value under the noise
    #[arg(long, default_value_t = 0.9, value_name = "P")]
    pub beta: f64,

    /// Probability that a training label keeps its value [default: that of --beta]
    #[arg(long, value_name = "P")]
    pub label_beta: Option<f64>,

    /// Certificates are wrong with at most this probability: each one, and all of them together (both are shown)
    #[arg(long, default_value_t = 0.001, value_name = "P")]
    pub alpha: f64,

    /// Training images
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub training: usize,

    /// Test images
    #[arg(long, default_value_t = 1_000, value_name = "N")]
    pub limit: usize,

    /// Hidden units of the two-layer net
    #[arg(long, default_value_t = TwoLayerSettings::default().width, value_name = "N")]
    pub width: usize,

    /// Gradient steps of the two-layer net, each over all training images
    #[arg(long, default_value_t = TwoLayerSettings::default().steps, value_name = "N")]
    pub steps: usize,

    /// Step size of the two-layer net
    #[arg(long, default_value_t = TwoLayerSettings::default().learning_rate, value_name = "X")]
    pub learning_rate: f32,

    /// Momentum of the two-layer net
    #[arg(long, default_value_t = TwoLayerSettings::default().momentum, value_name = "X")]
    pub momentum: f32,

    /// Weight decay of the two-layer net; strong by default, since a net that trusts its noisy images less agrees more
    #[arg(long, default_value_t = TwoLayerSettings::default().weight_decay, value_name = "X")]
    pub weight_decay: f32,

    /// Seed of everything: which images, noise, initial weights
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
}

impl Settings {
    /// The settings of a first look: fewer nets and test images, unless others than the defaults were asked for.
    #[must_use]
    pub fn quick(mut self) -> Self {
        let default = Self::default();
        if self.models == default.models {
            self.models = 2_500;
        }
        if self.limit == default.limit {
            self.limit = 200;
        }
        self
    }

    /// The noise.
    ///
    /// # Errors
    /// [`Error::Setting`] for probabilities that are no rates.
    pub fn noise(&self) -> Result<EnsembleNoise, Error> {
        let rate = |name, beta: f64| {
            Rate::new(1.0 - beta).map_err(|_| Error::Setting {
                name,
                given: beta.to_string(),
                expected: "a probability strictly between 0 and 1, such as 0.9".to_owned(),
            })
        };
        let features = rate("--beta", self.beta)?;
        let labels = self.label_beta.map_or(Ok(features), |beta| rate("--label-beta", beta))?;
        Ok(EnsembleNoise::new(features, labels, 2)?)
    }

    /// The plan of votes.
    ///
    /// # Errors
    /// [`Error::Certify`] for zero models.
    pub fn plan(&self) -> Result<Plan, Error> {
        let positive = |name, given: u64| {
            if given > 0 {
                return Ok(());
            }
            Err(Error::Setting { name, given: given.to_string(), expected: "at least 1".to_owned() })
        };
        positive("--models", self.models)?;
        positive("--selection-models", self.selection_models)?;
        Ok(Plan::fixed(self.selection_models, self.models)?)
    }

    /// The confidence of one certificate.
    ///
    /// # Errors
    /// [`Error::Certify`] for an α outside (0, 1).
    pub fn confidence(&self) -> Result<Confidence, Error> {
        Ok(Confidence::alpha(self.alpha)?)
    }

    /// The learner, and the device that it computes on. `device` is `auto`, `cpu`, `cuda` or `cuda:N`.
    ///
    /// # Errors
    /// [`Error::Ensemble`] for settings that no net can be trained with and for a device that is not there,
    /// [`Error::Setting`] for a backend that this program was built without, and a learner or a device that the backend
    /// does not have.
    pub fn learner(&self, device: &str) -> Result<(Box<dyn BaseLearner>, String), Error> {
        let Self { width, steps, learning_rate, momentum, weight_decay, .. } = *self;
        let net = || {
            let settings = TwoLayerSettings::default().width(width).steps(steps);
            let settings = settings.learning_rate(learning_rate).momentum(momentum);
            Ok::<_, Error>(TwoLayerNet::new(settings.weight_decay(weight_decay))?)
        };
        match (self.backend, self.learner) {
            (Backend::Rust, _) if !["auto", "cpu"].contains(&device) => Err(Error::Setting {
                name: "--device",
                given: device.to_owned(),
                expected: "auto or cpu, since --backend is rust; add --backend torch for other devices"
                    .to_owned(),
            }),
            (Backend::Rust, Learner::TwoLayer) => Ok((Box::new(net()?), "cpu".to_owned())),
            (Backend::Rust, Learner::Centroid) => Ok((Box::new(NearestCentroid), "cpu".to_owned())),
            (Backend::Torch, Learner::TwoLayer) => on_torch(net()?, device),
            (Backend::Torch, Learner::Centroid) => Err(Error::Setting {
                name: "--backend",
                given: "torch".to_owned(),
                expected: "rust, since --learner is centroid".to_owned(),
            }),
        }
    }
}

#[cfg(feature = "torch")]
fn on_torch(net: TwoLayerNet, device: &str) -> Result<(Box<dyn BaseLearner>, String), Error> {
    use steadfast_model::{device::Device, ensemble::TorchTwoLayerNet};
    let device: Device = device.parse().map_err(steadfast_model::ensemble::Error::from)?;
    let net = TorchTwoLayerNet::new(net, device)?;
    let device = net.device().to_string();
    Ok((Box::new(net), device))
}

#[cfg(not(feature = "torch"))]
fn on_torch(_: TwoLayerNet, _: &str) -> Result<(Box<dyn BaseLearner>, String), Error> {
    Err(Error::Setting {
        name: "--backend",
        given: "torch".to_owned(),
        expected: "rust, since this program was built without libtorch; for torch, run `cargo xtask setup` once, which \
                   fetches libtorch 2.11.0, or let LIBTORCH name its folder, and build with `--features torch`"
            .to_owned(),
    })
}

impl Default for Settings {
    /// The paper's setting, as on the command line without options.
    fn default() -> Self {
        let TwoLayerSettings { width, steps, learning_rate, momentum, weight_decay, .. } =
            TwoLayerSettings::default();
        Self {
            models: 10_000,
            selection_models: 100,
            learner: Learner::TwoLayer,
            backend: Backend::Rust,
            beta: 0.9,
            label_beta: None,
            alpha: 0.001,
            training: 100,
            limit: 1_000,
            width,
            steps,
            learning_rate,
            momentum,
            weight_decay,
            seed: 1,
        }
    }
}
