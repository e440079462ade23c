using Atelier.Core.Metrics;

namespace Atelier.Training.Metrics.Detectors;

/// <summary>A detector file of the published trainers (stylegan2-ada-pytorch, <c>metrics/</c>).</summary>
/// <param name="Net">Which net it is.</param>
/// <param name="FileName">Its name.</param>
/// <param name="Url">Where people download it; nothing here does.</param>
/// <param name="Sha256">SHA-256 of the file, in hexadecimal.</param>
/// <param name="Megabytes">Its size, so that people know what they download.</param>
/// <param name="Flags">Keyword arguments of its <c>forward</c>.</param>
public sealed record PublishedDetector(FeatureNet Net, string FileName, string Url, string Sha256, int Megabytes, string[] Flags)
{
    private const string Folder = "https://nvlabs-fi-cdn.nvidia.com/stylegan2-ada-pytorch/pretrained/metrics/";

    /// <summary>Inception v3 of 2015, translated to TorchScript.</summary>
    public static PublishedDetector Inception { get; } = new(
        FeatureNet.Inception, "inception-2015-12-05.pt", Folder + "inception-2015-12-05.pt",
        "f58cb9b6ec323ed63459aa4fb441fe750cfe39fafad6da5cb504a16f19e958f4", 96, [ScriptFeatures.Features, ScriptFeatures.Probabilities]);

    /// <summary>VGG-16 with the LPIPS weights.</summary>
    public static PublishedDetector Vgg16 { get; } = new(
        FeatureNet.Vgg16, "vgg16.pt", Folder + "vgg16.pt",
        "b437eb095feaeb0b83eb3fa11200ebca4548ee39a07fb944a417ddc516cc07c3", 553, [ScriptFeatures.Features, "resize_images", "return_lpips"]);

    /// <summary>The file of a net.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The net is no file.</exception>
    public static PublishedDetector Of(FeatureNet net) => net switch
    {
        FeatureNet.Inception => Inception,
        FeatureNet.Vgg16 => Vgg16,
        _ => throw new ArgumentOutOfRangeException(nameof(net), net, "is made here, and no file"),
    };

    /// <summary>The word by which a file is known to be of this kind: <c>inception</c> or <c>vgg16</c>.</summary>
    internal string Keyword => Net.ToString().ToLowerInvariant();
}
