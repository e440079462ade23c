using Atelier.Core.Specs;

namespace Atelier.Core.Metrics;

/// <summary>The metrics by name: those of the published trainers, with their numbers, and <c>rfd</c>.</summary>
public static class MetricCatalog
{
    /// <summary>The metric that needs no file: the Fréchet distance over random features.</summary>
    public const string Embedded = "rfd";

    private const int Fifty = 50_000;

    private static readonly RealSide WholeDataset = new(Most: null, Mirrored: false);

    private static readonly RealSide FiftyThousand = new(Most: Fifty, Mirrored: true, Expected: Fifty);

    public static IReadOnlyList<Metric> All { get; } =
    [
        new FrechetMetric("fid50k_full", FeatureNet.Inception, Fifty, WholeDataset),
        new FrechetMetric("fid50k", FeatureNet.Inception, Fifty, FiftyThousand),
        new KernelMetric("kid50k_full", FeatureNet.Inception, Fifty, WholeDataset with { Most = 1_000_000 }, Subsets: 100, SubsetSize: 1000),
        new KernelMetric("kid50k", FeatureNet.Inception, Fifty, FiftyThousand, Subsets: 100, SubsetSize: 1000),
        new ManifoldMetric("pr50k3_full", FeatureNet.Vgg16, Fifty, WholeDataset with { Most = 200_000 }, Neighbours: 3),
        new ManifoldMetric("pr50k3", FeatureNet.Vgg16, Fifty, FiftyThousand, Neighbours: 3),
        new InceptionScoreMetric("is50k", FeatureNet.Inception, Fifty, Splits: 10),
        new PathLengthMetric("ppl2_wend", FeatureNet.Vgg16, Fifty, PathSpace.W, Whole: false, Crop: false),
        new PathLengthMetric("ppl_zfull", FeatureNet.Vgg16, Fifty, PathSpace.Z, Whole: true, Crop: true),
        new PathLengthMetric("ppl_wfull", FeatureNet.Vgg16, Fifty, PathSpace.W, Whole: true, Crop: true),
        new PathLengthMetric("ppl_zend", FeatureNet.Vgg16, Fifty, PathSpace.Z, Whole: false, Crop: true),
        new PathLengthMetric("ppl_wend", FeatureNet.Vgg16, Fifty, PathSpace.W, Whole: false, Crop: true),
        new DropletMetric("droplet", 1_000),
        new FrechetMetric(Embedded, FeatureNet.Random, 5_000, WholeDataset with { Most = Fifty }),
    ];

    /// <exception cref="UserErrorException">There is none; the message has the nearest one, and all of them.</exception>
    public static Metric Find(string name) =>
        All.FirstOrDefault(metric => metric.Name == name) ?? throw new UserErrorException(Missing(name));

    public static bool Has(string name) => All.Any(metric => metric.Name == name);

    /// <summary>What to say of a name that no metric has.</summary>
    public static string Missing(string name) =>
        $"there is no metric `{name}`.{NearestName.Hint(name, All.Select(metric => metric.Name))} Metrics: {string.Join(", ", All.Select(metric => metric.Name))}.";
}
