using Atelier.Core;
using Atelier.Core.Metrics;
using Atelier.Training.Interop;
using static TorchSharp.torch;

namespace Atelier.Training.Metrics.Detectors;

/// <summary>
/// Where detectors are looked for: what the user names, else a cache folder. In a folder, files with the published names must
/// have the published hashes; a file, or the only one of its kind in a folder, that the user names is taken as it is.
/// </summary>
/// <param name="named">Files and folders that the user names; may be empty.</param>
public sealed class DetectorFiles(IReadOnlyList<string> named)
{
    /// <summary>Where detectors are looked for when the user names none: <c>atelier/detectors</c> in the user's cache folder.</summary>
    public static string DefaultFolder => Path.Combine(TorchLibrary.CacheFolder, "detectors");

    /// <summary>Finds and loads a detector.</summary>
    /// <param name="net">Which one.</param>
    /// <param name="metric">Who needs it, for messages.</param>
    /// <param name="device">Where it computes.</param>
    /// <exception cref="UserErrorException">It is not there (the message says what to download, from where, and where to put it), or cannot be used.</exception>
    public ScriptDetector Load(FeatureNet net, string metric, Device device)
    {
        var (path, sha256) = Find(net, metric);
        return ScriptDetector.Load(path, sha256, PublishedDetector.Of(net).Flags, device);
    }

    /// <summary>Checks that a detector is there, without loading it.</summary>
    /// <param name="net">Which one; nothing is needed for the random net.</param>
    /// <param name="metric">Who needs it, for messages.</param>
    /// <exception cref="UserErrorException">It is not there, as of <see cref="Load"/>.</exception>
    public void Require(FeatureNet net, string metric)
    {
        if (net != FeatureNet.Random)
            _ = Find(net, metric);
    }

    private (string Path, string? Sha256) Find(FeatureNet net, string metric)
    {
        var published = PublishedDetector.Of(net);
        foreach (var place in named)
        {
            if (File.Exists(place) && IsA(published, place))
                return (place, null);
            if (!Path.Exists(place))
                throw new UserErrorException($"--detectors {place}: no such file or folder.");
            if (File.Exists(place) && !IsA(PublishedDetector.Inception, place) && !IsA(PublishedDetector.Vgg16, place))
                throw new UserErrorException($"--detectors {place}: the name of a detector file must contain inception or vgg16, which says what it is.");
        }
        foreach (var folder in named.Where(Directory.Exists).DefaultIfEmpty(DefaultFolder))
        {
            var path = Path.Combine(folder, published.FileName);
            if (File.Exists(path))
                return (path, published.Sha256);
        }
        foreach (var folder in named.Where(Directory.Exists))
        {
            var others = Directory.GetFiles(folder, "*.pt").Where(file => IsA(published, file)).ToList();
            if (others.Count > 1)
                throw new UserErrorException($"--detectors {folder} contains several detectors of this kind ({string.Join(", ", others.Select(Path.GetFileName).Order())}): name one of the files.");
            if (others is [var only])
                return (only, null);
        }
        throw Missing(published, metric);
    }

    private static bool IsA(PublishedDetector published, string path) =>
        Path.GetFileName(path).Contains(published.Keyword, StringComparison.OrdinalIgnoreCase);

    private UserErrorException Missing(PublishedDetector published, string metric)
    {
        string folder = named.FirstOrDefault(Directory.Exists) ?? DefaultFolder;
        return new UserErrorException(
            $"the detector {published.FileName}, for {metric}, was not found in {folder}. Download {published.Url} ({published.Megabytes} MB, SHA-256 {published.Sha256}) "
            + $"and save it as {Path.Combine(folder, published.FileName)}; Atelier downloads nothing by itself. Or measure {MetricCatalog.Embedded}, which needs no detector.");
    }
}

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
    /// <exception cref="ArgumentOutOfRangeException">The net is not read from a file.</exception>
    public static PublishedDetector Of(FeatureNet net) => net switch
    {
        FeatureNet.Inception => Inception,
        FeatureNet.Vgg16 => Vgg16,
        _ => throw new ArgumentOutOfRangeException(nameof(net), net, "has no detector file"),
    };

    /// <summary>The word by which a file is known to be of this kind: <c>inception</c> or <c>vgg16</c>.</summary>
    internal string Keyword => Net.ToString().ToLowerInvariant();
}
