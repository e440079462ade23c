using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Atelier.Cli.Output;
using Atelier.Core;
using Atelier.Core.Metrics;
using Atelier.Training.Analysis;
using Atelier.Training.Analysis.Correction;
using Atelier.Training.Data;
using Atelier.Training.Imaging;
using Atelier.Training.Metrics;
using Atelier.Training.Metrics.Detectors;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier correct rank</c> and <c>apply</c>: scores of units, and the correction that follows from them.</summary>
internal static class CorrectRanking
{
    private const int Shown = 16;
    private const int ShownRegions = 8;

    public static Command Rank()
    {
        var network = new CorrectedNetwork();
        var by = new Option<string>("--by") { Description = "defective: by overlap with the regions that the classifier marks as artifacts; rare: by how rarely a unit is active, without labels", DefaultValueFactory = _ => "defective" };
        by.AcceptOnlyFromAmong("defective", "rare");
        var seeds = new Option<string?>("--seeds") { Description = "seeds of the samples (default: those labelled as artifacts; 0-255 with --by rare)" };
        var mask = new Option<double>("--mask-threshold") { Description = "threshold for the classifier's maps, from 0 to 1", DefaultValueFactory = _ => .3 };
        var unit = new Option<double>("--unit-threshold") { Description = "threshold for the units' maps, from 0 to 1", DefaultValueFactory = _ => .2 };
        var active = new Option<double>("--active-threshold") { Description = "with --by rare, the fraction of its maximum above which a unit counts as active", DefaultValueFactory = _ => .5 };
        var layer = new Option<string?>("--layer") { Description = "show only the units of this layer" };
        var command = new Command("rank", "Score every unit by how much it contributes to artifacts") { by, seeds, mask, unit, active, layer };
        network.AddTo(command);
        command.SetAction(parsed =>
        {
            var options = new ScoreOptions(parsed.GetValue(mask), parsed.GetValue(unit), parsed.GetValue(active));
            if (options is not { MaskThreshold: >= 0 and < 1, UnitThreshold: >= 0 and < 1, ActiveThreshold: > 0 and <= 1 })
                throw new UserErrorException("thresholds must be from 0 to 1");
            using var opened = network.Open(parsed);
            if (parsed.GetValue(layer) is { } named)
                LayerSelection.Find(opened.Loaded.Network, named);
            var scores = parsed.GetValue(by) == "rare" ? Rare(opened, options, parsed.GetValue(seeds)) : Defective(opened, options, parsed.GetValue(seeds));
            foreach (var (name, units) in scores.Where(scored => parsed.GetValue(layer) is not { } only || scored.Key == only))
                Console.WriteLine($"{name}  {string.Join("  ", UnitCorrection.Highest(units).Take(8).Select(one => string.Create(CultureInfo.InvariantCulture, $"{one}: {units[one]:0.000}")))}");
            if (parsed.GetValue(by) == "defective")
                Console.WriteLine(opened.Regions);
            return ExitCode.Success;
        });
        return command;
    }

    public static Command Apply()
    {
        var network = new CorrectedNetwork();
        var data = new Option<string?>("--data") { Description = "the network's training images, to measure rfd before and after" };
        var layers = new Option<int?>("--layers") { Description = "number of layers to correct, from the first block on (default: half of them)" };
        var share = new Option<double>("--share") { Description = "fraction of each layer's units to correct", DefaultValueFactory = _ => .2 };
        var strength = new Option<double>("--lambda") { Description = "λ: units are multiplied by λ(1 − score)", DefaultValueFactory = _ => .8 };
        var ablate = new Option<string?>("--ablate") { Description = "instead, silence the highest-scoring units of this layer" };
        var samples = new Option<int>("--samples") { Description = "generated samples for rfd", DefaultValueFactory = _ => 5000 };
        var command = new Command("apply", "Write the correction, and show its effect on artifacts and on normal samples") { data, layers, share, strength, ablate, samples };
        network.AddTo(command);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(share) is not (> 0 and <= 1) || parsed.GetValue(strength) is not (>= 0 and <= 1) || parsed.GetValue(layers) < 1 || parsed.GetValue(samples) < 2)
                throw new UserErrorException("--share and --lambda must be from 0 to 1, --layers 1 or more, and --samples 2 or more");
            using var opened = network.Open(parsed);
            var scores = StoredScores.Load(opened.File("scores.json"), opened.Loaded.Digest);
            var all = opened.Loaded.Network.Layers;
            var correction = parsed.GetValue(ablate) is { } name
                ? UnitCorrection.Ablation(LayerSelection.Find(opened.Loaded.Network, name), scores[name], opened.Loaded.Digest, parsed.GetValue(share))
                : UnitCorrection.Sequential(all, scores, opened.Loaded.Digest, Math.Min(parsed.GetValue(layers) ?? (all.Count + 1) / 2, all.Count), parsed.GetValue(share), parsed.GetValue(strength));
            string path = opened.File("correction.json");
            correction.Save(path);
            Console.WriteLine($"{path}: {correction.Layers.Sum(layer => layer.Units.Count):#,0} units of {string.Join(", ", correction.Layers.Select(layer => layer.Layer))}");
            Show(opened, correction, parsed.GetValue(data), parsed.GetValue(samples));
            return ExitCode.Success;
        });
        return command;
    }

    private static IReadOnlyDictionary<string, float[]> Defective(OpenedNetwork opened, ScoreOptions options, string? seeds)
    {
        using var classifier = ArtifactClassifier.Load(opened.Classifier, opened.Device);
        var shape = opened.Loaded.Network.Config.Shape;
        if (classifier.Side != Math.Max(shape.Width, shape.Height))
            throw new UserErrorException($"{opened.Classifier} is for images of {classifier.Side} pixels, but this network draws {Math.Max(shape.Width, shape.Height)}; train a new one with `atelier correct train`");
        using var labels = new SampleLabels(opened.Labels, write: false);
        var chosen = seeds is null ? labels.Of(SampleLabel.Artifact) : SeedList.Parse(seeds);
        if (chosen.Count == 0)
            throw new UserErrorException($"{opened.Labels} has no samples labelled as artifacts; label some with `atelier correct label`, or choose samples with --seeds");
        var scores = new UnitScores(opened.Samples, options);
        var defective = Scored(opened, "overlaps.jsonl", $"{options} classifier {classifier.Digest}", chosen, seed => scores.Overlap(seed, classifier), UnitScores.Defective);
        File.WriteAllBytes(opened.Regions, ImageCodec.EncodePng(DefectPictures.Draw(opened.Samples, [.. chosen.Take(ShownRegions)], classifier, defective, options)));
        return defective;
    }

    private static IReadOnlyDictionary<string, float[]> Rare(OpenedNetwork opened, ScoreOptions options, string? seeds)
    {
        var scores = new UnitScores(opened.Samples, options);
        return Scored(opened, "activations.jsonl", "largest", SeedList.Parse(seeds ?? "0-255"), scores.Largest, scores.RarelyActive);
    }

    /// <summary>Scores samples one by one, and keeps the units' scores.</summary>
    private static IReadOnlyDictionary<string, float[]> Scored(
        OpenedNetwork opened, string name, string basis, IReadOnlyList<uint> seeds, Func<uint, UnitValues> score, Func<IReadOnlyList<UnitValues>, IReadOnlyDictionary<string, float[]>> combine)
    {
        using var stop = new Interruption();
        using var ledger = new ResultLedger<UnitValues>(opened.File(name), $"{opened.Loaded.Digest} {opened.Draws} {basis}");
        ResumableWork.Run("samples", seeds, seed => ledger.Results.Any(result => result.Seed == seed), seed => ledger.Add(score(seed)), stop.Token);
        var scores = combine([.. seeds.Select(seed => ledger.Results.First(result => result.Seed == seed))]);
        new StoredScores(opened.Loaded.Digest, scores).Save(opened.File("scores.json"));
        return scores;
    }

    private static void Show(OpenedNetwork opened, UnitCorrection correction, string? data, int samples)
    {
        using var hook = correction.On(opened.Loaded.Network, opened.Device);
        using var labels = File.Exists(opened.Labels) ? new SampleLabels(opened.Labels, write: false) : null;
        var (artifacts, normal) = (labels?.Of(SampleLabel.Artifact) ?? [], labels?.Of(SampleLabel.Normal) ?? []);
        foreach (var (name, seeds) in new[] { ("artifacts", artifacts), ("normal", normal) }.Where(kind => kind.Item2.Count > 0))
        {
            string picture = opened.File($"{name}.png");
            File.WriteAllBytes(picture, ImageCodec.EncodePng(CorrectionEffect.Pictures(opened.Samples, [.. seeds.Take(Shown)], hook)));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{picture}: {seeds.Count:#,0} samples; pixels changed by {CorrectionEffect.Change(opened.Samples, seeds, hook):0.00%} of their range on average"));
        }
        if (data is null)
            return;
        using var stop = new Interruption();
        using var dataset = ImageDataset.Open(DataPath.Open(data), new DatasetOptions { Resolution = Size(opened), Resize = Size(opened) });
        using var display = new EvaluationDisplay();
        using var evaluation = new MetricEvaluation(
            dataset,
            new EvaluationOptions { Device = opened.Device, Detectors = new DetectorFiles([]), Cache = new RealStatisticsCache(RealStatisticsCache.DefaultFolder, display.Warn), Samples = samples },
            TimeProvider.System);
        // Each value is kept, so that a stop between them loses none.
        using var ledger = new ResultLedger<MeasuredEffect>(opened.File("effect.jsonl"), $"{opened.Loaded.Digest} {dataset.Identity} {samples}");
        foreach (var (what, changed) in new[] { ("untouched", ""), ("corrected", JsonSerializer.Serialize(correction.Layers)) })
        {
            if (ledger.Results.FirstOrDefault(result => result.Correction == changed) is not { } known)
            {
                opened.Loaded.Network.Hook = changed.Length > 0 ? hook : null;
                known = new(changed, evaluation.Run(MetricCatalog.Find(MetricCatalog.Embedded), opened.Loaded.Network, display, stop.Token).Value);
                ledger.Add(known);
                display.End();
            }
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"rfd of {samples:#,0} {what} samples: {known.Rfd:0.#####}"));
        }
        opened.Loaded.Network.Hook = null;
    }

    private static ImageSize Size(OpenedNetwork opened) => new(opened.Loaded.Network.Config.Shape.Width, opened.Loaded.Network.Config.Shape.Height);

    private sealed record MeasuredEffect(string Correction, double Rfd);
}

/// <summary>Scores of units, as <c>rank</c> leaves them for <c>apply</c>.</summary>
/// <param name="Network">The network's digest.</param>
/// <param name="Scores">By layer, per unit.</param>
internal sealed record StoredScores(string Network, IReadOnlyDictionary<string, float[]> Scores)
{
    public void Save(string path) => File.WriteAllText(path, JsonSerializer.Serialize(this, JsonSerializerOptions.Web) + "\n");

    /// <exception cref="UserErrorException">There are none, or of another network.</exception>
    public static IReadOnlyDictionary<string, float[]> Load(string path, string network)
    {
        if (!File.Exists(path))
            throw new UserErrorException($"{path} does not exist; run `atelier correct rank` first");
        try
        {
            var stored = JsonSerializer.Deserialize<StoredScores>(File.ReadAllText(path), JsonSerializerOptions.Web);
            return stored?.Network == network ? stored.Scores : throw new UserErrorException($"{path} was computed for another network, or for an older snapshot of this one; run `atelier correct rank` again");
        }
        catch (JsonException e)
        {
            throw new UserErrorException($"{path} cannot be read: {e.Message}; run `atelier correct rank` again", e);
        }
    }
}
