namespace Atelier.Core.Metrics;

/// <summary>Through which features a metric sees images.</summary>
public enum FeatureNet
{
    /// <summary>Inception v3 of 2015, as published; a file that people download.</summary>
    Inception,

    /// <summary>VGG-16 with the LPIPS weights, as published; a file that people download.</summary>
    Vgg16,

    /// <summary>A fixed random convolutional net, made from keyed draws; always at hand, comparable with nothing published.</summary>
    Random,
}
