namespace Atelier.Training.Metrics.Detectors;

/// <summary>From images to features. Safe from several threads.</summary>
public interface IFeatureNet
{
    /// <summary>What decides its features: a name and a hash. Cached statistics are kept under it.</summary>
    string Identity { get; }

    /// <summary>The features of some images.</summary>
    /// <param name="images">uint8 [N, 3, H, W]</param>
    /// <returns>float32 [N, D], on the host.</returns>
    Tensor Features(Tensor images);
}
