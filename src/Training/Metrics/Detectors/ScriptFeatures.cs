using Atelier.Training.Ops;

namespace Atelier.Training.Metrics.Detectors;

/// <summary>One of the outputs of a published detector.</summary>
/// <param name="detector">The detector; not owned.</param>
/// <param name="flag">The keyword argument that asks for the output.</param>
public sealed class ScriptFeatures(ScriptDetector detector, string flag) : IFeatureNet
{
    /// <summary>Asks a detector for the features before its last layer.</summary>
    public const string Features = "return_features";

    /// <summary>Asks Inception for class probabilities as the inception score wants them.</summary>
    public const string Probabilities = "no_output_bias";

    /// <inheritdoc/>
    public string Identity => $"{detector.Sha256} {flag}";

    /// <inheritdoc/>
    /// <exception cref="OpException">The detector failed, or its output is no row an image.</exception>
    Tensor IFeatureNet.Features(Tensor images)
    {
        var features = detector.Run(images, (flag, true));
        return features.dim() == 2 && features.shape[0] == images.shape[0]
            ? features
            : throw new OpException($"{detector.Path} returned [{string.Join(", ", features.shape)}] for {images.shape[0]} images with {flag}; a row an image is needed");
    }
}
