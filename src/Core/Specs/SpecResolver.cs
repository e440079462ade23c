namespace Atelier.Core.Specs;

/// <summary>
/// Makes a whole spec out of layers: defaults, a recipe (and the recipe it starts from), what is computed for `auto`, the
/// dataset's facts, and the command line.
/// </summary>
public static class SpecResolver
{
    /// <summary>The spec of a new run.</summary>
    /// <param name="overrides">Values of the command line, in order; the last of a key holds.</param>
    /// <param name="data">The dataset; null when it is not known, and then the resolution must be given.</param>
    /// <param name="gpus">Devices for the `auto` recipe; a `gpus` key in the recipe or the overrides goes first.</param>
    /// <exception cref="UserErrorException">A value does not fit another or the data.</exception>
    public static ResolvedSpec Resolve(Recipe recipe, IEnumerable<SpecAssignment> overrides, DatasetFacts? data, int gpus)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        var layers = new SpecLayers(new RunSpec(), SpecProvenance.Default);
        layers.Set("recipe", recipe.Name, SpecProvenance.Recipe);
        layers.Set("gpus", $"{gpus}", SpecProvenance.Computed);
        ApplyRecipe(layers, recipe, [.. overrides], data);
        return Finish(layers, data);
    }

    /// <summary>
    /// The spec of an existing run: what it has, the recipe if another one is named, and the command line. Keys that none of
    /// these mention keep their value.
    /// </summary>
    /// <exception cref="UserErrorException">A value does not fit another or the data.</exception>
    public static ResolvedSpec Resume(RunSpec stored, Recipe? recipe, IEnumerable<SpecAssignment> overrides, DatasetFacts? data)
    {
        ArgumentNullException.ThrowIfNull(stored);
        var layers = new SpecLayers(stored, SpecProvenance.Stored);
        SpecAssignment[] assignments = [.. overrides];
        // A shipped recipe that the run already has changes nothing; a file may have been edited.
        if (recipe is not null && (recipe.Name != stored.Recipe || !Recipes.Names.Contains(recipe.Name)))
        {
            layers.Set("recipe", recipe.Name, SpecProvenance.Recipe);
            ApplyRecipe(layers, recipe, assignments, data);
        }
        else
        {
            layers.Set(assignments, SpecProvenance.Override);
        }

        return Finish(layers, data);
    }

    private static void ApplyRecipe(SpecLayers layers, Recipe recipe, SpecAssignment[] overrides, DatasetFacts? data)
    {
        var chain = Chain(recipe);
        void Layer()
        {
            foreach (var link in chain) layers.Set(link.Values, SpecProvenance.Recipe);
            layers.Set(overrides, SpecProvenance.Override);
        }

        Layer();
        TakeResolution(layers, data);
        if (!chain.Any(link => link.IsComputed)) return;
        if (SpecValidation.ResolutionProblem(layers.Spec.Resolution) is { } problem) throw new UserErrorException(problem);
        // Computed values rank below everything that is given explicitly, but depend on some of it.
        var batchIsGiven = layers.ProvenanceOf("batch") is SpecProvenance.Recipe or SpecProvenance.Override;
        layers.Set(
            AutoRecipe.Compute(layers.Spec.Resolution, layers.Spec.Gpus, batchIsGiven ? layers.Spec.Batch : null), SpecProvenance.Computed);
        Layer();
        TakeResolution(layers, data);
    }

    /// <summary>The recipe and those it starts from, the first of them first.</summary>
    private static List<Recipe> Chain(Recipe recipe)
    {
        var chain = new List<Recipe> { recipe };
        while (chain[0].Base is { } start)
        {
            if (chain.Any(link => link.Name == start)) throw new UserErrorException($"{recipe.Name}: the recipe `{start}` is based on itself.");
            chain.Insert(0, Recipes.Named(start));
        }

        return chain;
    }

    private static ResolvedSpec Finish(SpecLayers layers, DatasetFacts? data)
    {
        TakeResolution(layers, data);
        if (data is not null)
        {
            layers.Set("label-dim", $"{(layers.Spec.Labels ? data.LabelDim : 0)}", SpecProvenance.Data);
            layers.Set("data-images", $"{data.Count}", SpecProvenance.Data);
            layers.Set("data-digest", data.Digest, SpecProvenance.Data);
        }

        // The smallest machine has two cores: one shard takes both, several shards one each. Never taken from the machine in use.
        if (layers.ProvenanceOf("threads") == SpecProvenance.Default)
            layers.Set("threads", layers.Spec.Shards >= 2 ? "1" : "2", SpecProvenance.Computed);
        SpecValidation.Require(layers.Spec);
        if (data is not null) RequireSize(layers.Spec, data);
        return layers.ToResolved();
    }

    private static void TakeResolution(SpecLayers layers, DatasetFacts? data)
    {
        if (data is not null && layers.Spec.Resolution.IsAuto) layers.Set("resolution", data.Resolution.ToString(), SpecProvenance.Data);
    }

    private static void RequireSize(RunSpec spec, DatasetFacts data)
    {
        if (spec.Resize == ResizeMode.None && spec.Resolution != data.Resolution)
            throw new UserErrorException(
                $"resolution is {spec.Resolution}, but the images are {data.Resolution} (width x height); pass --set resize=fit to crop and resize them, or --set resolution=auto to use their size.");
    }
}

/// <summary>A spec under construction that remembers where each value came from.</summary>
internal sealed class SpecLayers(RunSpec start, SpecProvenance provenance)
{
    private readonly Dictionary<SpecKey, SpecProvenance> _provenance = SpecKeys.All.ToDictionary(key => key, _ => provenance);

    public RunSpec Spec { get; private set; } = start;

    public SpecProvenance ProvenanceOf(string key) => _provenance[SpecKeys.Find(key)];

    public void Set(IEnumerable<SpecAssignment> assignments, SpecProvenance by)
    {
        foreach (var assignment in assignments) Set(assignment.Key, assignment.Text, by);
    }

    public void Set(string key, string text, SpecProvenance by) => Set(SpecKeys.Find(key), text, by);

    public ResolvedSpec ToResolved() => new(Spec, _provenance);

    private void Set(SpecKey key, string text, SpecProvenance by)
    {
        Spec = key.With(Spec, text);
        _provenance[key] = by;
    }
}

/// <summary>A whole spec and where each of its values came from.</summary>
/// <param name="Spec">The spec, validated.</param>
public sealed record ResolvedSpec(RunSpec Spec, IReadOnlyDictionary<SpecKey, SpecProvenance> Provenance)
{
    /// <summary>Every key with its value and origin, in the order of the table: what `--dry-run` prints.</summary>
    public IEnumerable<(SpecKey Key, string Value, SpecProvenance Provenance)> Entries =>
        SpecKeys.All.Select(key => (key, key.Format(Spec), Provenance[key]));
}

/// <summary>Why a key has its value.</summary>
public enum SpecProvenance
{
    /// <summary>Nothing set it.</summary>
    Default,

    /// <summary>The recipe sets it.</summary>
    Recipe,

    /// <summary>Computed from the data and the number of devices, or from other keys.</summary>
    Computed,

    /// <summary>A fact of the dataset.</summary>
    Data,

    /// <summary>The existing run has it.</summary>
    Stored,

    /// <summary>The command line sets it.</summary>
    Override,
}

/// <summary>What a spec takes from a dataset.</summary>
/// <param name="Width">Columns of pixels of its images, before any resizing.</param>
/// <param name="Height">Rows of pixels of its images, before any resizing.</param>
/// <param name="LabelDim">Length of a label; 0 without labels.</param>
/// <param name="Count">Usable images.</param>
/// <param name="Digest">Hash of names, contents and labels; empty where it is not known.</param>
public sealed record DatasetFacts(int Width, int Height, int LabelDim, long Count, string Digest = "")
{
    public Resolution Resolution => new(Height, Width);
}
