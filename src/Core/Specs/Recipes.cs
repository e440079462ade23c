using System.Globalization;
using System.Text.Json;

namespace Atelier.Core.Specs;

/// <summary>
/// Values for some keys of a spec, as a file: a JSON object of spec keys with an optional `description`, an optional
/// `recipe` to start from, and `computed` where the rest comes from <see cref="AutoRecipe"/>.
/// </summary>
public sealed record Recipe
{
    private const string DescriptionKey = "description";
    private const string BaseKey = "recipe";
    private const string ComputedKey = "computed";

    /// <summary>Its name; a path for a file of the user's.</summary>
    public required string Name { get; init; }

    /// <summary>What it is for, in a line.</summary>
    public string Description { get; init; } = "";

    /// <summary>Name of the recipe whose values it starts from; null for the defaults.</summary>
    public string? Base { get; init; }

    /// <summary>Whether keys that it leaves open are computed from the data and the number of devices.</summary>
    public bool IsComputed { get; init; }

    /// <summary>Its values, in the order of the file.</summary>
    public required IReadOnlyList<SpecAssignment> Values { get; init; }

    /// <exception cref="UserErrorException">It is not JSON, a key is unknown, or a value not accepted.</exception>
    public static Recipe Parse(string name, string json)
    {
        using var document = RunSpecJson.Parse(json, name);
        string description = "", computed = "false";
        string? start = null;
        var values = new List<SpecAssignment>();
        foreach (var (key, text) in RunSpecJson.Properties(document.RootElement, name))
        {
            switch (key)
            {
                case DescriptionKey: description = text; break;
                case BaseKey: start = text.Length > 0 ? text : null; break;
                case ComputedKey: computed = text; break;
                default:
                    var found = RunSpecJson.Explain(name, () => SpecKeys.Find(key));
                    // A run's own spec is a recipe too; keys that the dataset decides are taken from the new dataset.
                    if (found.SetBy.Length == 0) values.Add(RunSpecJson.Explain(name, () => new SpecAssignment(found, text)));
                    break;
            }
        }

        return new() { Name = name, Description = description, Base = start, IsComputed = computed == "true", Values = values };
    }
}

/// <summary>The recipes that come with the product: the files of `recipes/`.</summary>
public static class Recipes
{
    /// <summary>The recipe that `train` takes when none is named.</summary>
    public const string Default = "auto";

    private const string ResourcePrefix = "recipes/";
    private const string ResourceSuffix = ".json";

    /// <summary>The published trainers' name for config F.</summary>
    private const string ConfigFAlias = "stylegan2";

    /// <summary>Names of all recipes, sorted.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. typeof(Recipes).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(ResourcePrefix, StringComparison.Ordinal))
            .Select(name => name[ResourcePrefix.Length..^ResourceSuffix.Length])
            .Order(StringComparer.Ordinal)];

    /// <param name="name">One of <see cref="Names"/>, or `stylegan2` for config-f.</param>
    /// <exception cref="UserErrorException">There is none; the message lists them, with the nearest one.</exception>
    public static Recipe Named(string name)
    {
        var canonical = name == ConfigFAlias ? "config-f" : name;
        if (!Names.Contains(canonical))
            throw new UserErrorException(
                $"there is no recipe `{name}`.{NearestName.Hint(name, Names)} Recipes: {string.Join(", ", Names)}; or pass the path of a JSON file.");
        using var stream = typeof(Recipes).Assembly.GetManifestResourceStream(ResourcePrefix + canonical + ResourceSuffix)!;
        using var reader = new StreamReader(stream);
        return Recipe.Parse(canonical, reader.ReadToEnd());
    }
}

/// <summary>
/// The `auto` recipe: a reasonable set-up for a resolution r (the longer side) and n devices, as the published trainer
/// computes it: batch max(min(n·min(4096/r, 32), 64), n); group min(shard, 4); channel base 16384, 32768
/// from 512; learning rate .0025, .002 from 1024; γ 2e-4·r²/batch; EMA batch·10/32 kimg.
/// </summary>
/// <remarks>
/// Deviations: batches have at least 32 images, and shards are cut so that eight workers, or n, have one each (docs/decisions/0013); a
/// batch that n does not divide, where the published trainer stops, becomes a smaller one of whole groups; and a batch that the
/// user sets is used in the formulas.
/// </remarks>
public static class AutoRecipe
{
    /// <summary>Workers that a run has room for, whatever it was begun with.</summary>
    public const int LeastShards = 8;

    /// <summary>Images of a minibatch standard deviation, where the shard has as many.</summary>
    private const int Group = 4;

    /// <param name="gpus">Number of devices, at least 1.</param>
    /// <param name="batch">A batch that is given already; null to compute it.</param>
    public static IReadOnlyList<SpecAssignment> Compute(Resolution resolution, int gpus, int? batch)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(gpus, 1);
        var side = resolution.LongSide;
        var images = batch ?? BatchOf(side, gpus);
        var shard = ShardOf(images, gpus);
        return
        [
            Assign("batch", images),
            Assign("shard", shard),
            Assign("mbstd-group", GroupOf(shard)),
            Assign("channel-base", side >= 512 ? 32768 : 16384),
            Assign("lr", side >= 1024 ? .002 : .0025),
            Assign("gamma", 2e-4 * side * side / images),
            Assign("ema-kimg", images * 10 / 32.0),
            // A shard of one image still needs a latent for path lengths.
            Assign("pl-batch-shrink", Math.Min(shard, 2)),
        ];
    }

    private static int BatchOf(int side, int gpus)
    {
        var images = Math.Max(Math.Min(gpus * Math.Clamp(4096 / side, 1, 32), 64), gpus);
        if (images % gpus != 0)
        {
            var each = images / gpus;
            images = (each - (each % Math.Min(each, Group))) * gpus;
        }

        // Beyond sixteen devices the published batches have less than a group for each.
        return gpus > 16 ? images : Math.Max(images, Math.Max(gpus, LeastShards) * Group);
    }

    /// <summary>
    /// The largest divisor of the batch that leaves a shard to each of eight workers, or of n, multiples of a group first. A batch too small
    /// for that has shards of two or more images, as one image has no deviation.
    /// </summary>
    private static int ShardOf(int images, int gpus)
    {
        var shards = Math.Min(Math.Max(gpus, LeastShards), images);
        var divisors = Enumerable.Range(1, images).Where(divisor => images % divisor == 0).ToList();
        var fitting = divisors.Where(divisor => images / divisor >= shards && (divisor > 1 || gpus >= images)).ToList();
        return fitting.Count > 0
            ? fitting.OrderBy(divisor => divisor % Group == 0).ThenBy(divisor => divisor).Last()
            : divisors.First(divisor => divisor > 1 || images == 1);
    }

    private static int GroupOf(int shard) => Enumerable.Range(1, Math.Min(shard, Group)).Last(group => shard % group == 0);

    private static SpecAssignment Assign(string key, IFormattable value) =>
        SpecAssignment.For(key, value.ToString(null, CultureInfo.InvariantCulture));
}
