using Atelier.Training.Augmentation;

namespace Atelier.Training.Step;

/// <summary>The losses' weights.</summary>
/// <param name="Gamma">Weight γ of R1; the penalty is γ/2·‖∇D‖² (Mescheder et al. 2018).</param>
/// <param name="PathWeight">Weight of path-length regularisation (Karras et al. 2020 §3.2).</param>
/// <param name="PathDecay">How fast the mean path length follows.</param>
/// <param name="PathBatchShrink">Path lengths are taken over the shard's images divided by this.</param>
/// <param name="Augmentation">What is done to images in front of the discriminator; null for nothing.</param>
public sealed record LossOptions(double Gamma, double PathWeight = 2, double PathDecay = 0.01, int PathBatchShrink = 2, AugmentationOptions? Augmentation = null);
