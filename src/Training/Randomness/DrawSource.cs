using static TorchSharp.torch;

namespace Atelier.Training.Randomness;

/// <summary>What the draws of all shards of a run have in common.</summary>
/// <param name="LatentSize">Length of z.</param>
/// <param name="LabelSize">Length of a label vector; 0 for none.</param>
/// <param name="LabelCount">Number of labels in the dataset that generated images can take theirs from.</param>
/// <param name="CopyLabel">Copies the label of a dataset image.</param>
/// <param name="StyleMixing">Probability that a shard's images mix two latents.</param>
/// <param name="RandomNoise">Fresh noise in the synthesis layers; else each layer's constant one.</param>
/// <param name="Precision">float32 or float64.</param>
/// <param name="Device">Where the tensors are wanted.</param>
public sealed record DrawSource(
    int LatentSize, int LabelSize, long LabelCount, CopyLabel CopyLabel, double StyleMixing, bool RandomNoise, ScalarType Precision, Device Device);

/// <summary>Copies the label vector of dataset image <paramref name="image"/> into <paramref name="destination"/>.</summary>
public delegate void CopyLabel(long image, Span<float> destination);
