using System.CommandLine;
using System.Globalization;
using Atelier.Cli.Output;
using Atelier.Core;
using Atelier.Core.Specs;
using Atelier.Worker.Runs;

namespace Atelier.Cli.Commands;

/// <summary>The options that <c>train</c> and <c>demo</c> have in common, and how they become spec keys.</summary>
internal sealed class TrainOptions
{
    private readonly Option<string?> _recipe = new("--recipe") { Description = "name of a recipe, or a recipe file; README lists the recipes" };
    private readonly Option<double?> _kimg = new("--kimg") { Description = "length of the run, in thousands of images" };
    private readonly Option<ulong?> _seed = new("--seed") { Description = "random seed" };
    private readonly Option<string[]> _set = new("--set") { Description = "a spec key, as key=value; repeatable" };
    private readonly Option<int> _workers;
    private readonly Option<int?> _gpus = new("--gpus") { Description = "number of devices that the auto recipe is computed for (default: 1); fixed when the run begins" };
    private readonly Option<string?> _init = new("--init") { Description = "start from the networks in this .safetensors file" };
    private readonly Option<int?> _freezeD = new("--freeze-d") { Description = "freeze the first N layers of the discriminator" };
    private readonly Option<string?> _badImages = new("--bad-images") { Description = "unreadable images: skip or fail" };
    private readonly Option<bool> _acceptNumerics = new("--accept-new-numerics") { Description = "continue even if the numerics version, libtorch, the device or threads differ" };
    private readonly Option<bool> _acceptData = new("--accept-new-data") { Description = "continue on a different dataset, as a branch" };
    private readonly Option<string> _device = DeviceOption.Create();
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "check everything, print the resolved spec and exit" };
    private readonly Option<bool> _json = new("--json") { Description = "print JSON lines" };
    private readonly PublishedOptions _published = new();

    /// <param name="workers">Workers where none are asked for.</param>
    public TrainOptions(int workers = 1) =>
        _workers = new("--workers") { Description = "number of worker processes; any number gives the same result, bit for bit", DefaultValueFactory = _ => workers };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _recipe, _kimg, _seed, _set, _workers, _gpus, _init, _freezeD, _badImages, _acceptNumerics, _acceptData, _device, _dryRun, _json })
            command.Options.Add(option);
        _published.AddTo(command);
    }

    /// <summary>The request that the options make, on some data.</summary>
    public TrainRequest ToRequest(ParseResult parsed, string output, string dataName, Func<Training.Data.ImageSource> openData, Recipe? otherwise = null)
    {
        int workers = parsed.GetValue(_workers);
        if (workers < 1)
            throw new UserErrorException($"--workers {workers}: must be at least 1");
        return new TrainRequest
        {
            Out = output,
            DataName = dataName,
            OpenData = openData,
            Recipe = (parsed.GetValue(_recipe) ?? _published.Recipe(parsed)) is { } name ? RecipeOf(name) : otherwise,
            Overrides = [.. Assignments(parsed)],
            Workers = workers,
            Gpus = parsed.GetValue(_gpus) ?? 1,
            Init = (parsed.GetValue(_init) ?? _published.Init(parsed)) is { } init ? Path.GetFullPath(init) : null,
            Device = DeviceOption.Parse(parsed.GetValue(_device)!),
            AcceptNewData = parsed.GetValue(_acceptData),
            AcceptNewNumerics = parsed.GetValue(_acceptNumerics),
        };
    }

    /// <summary>Runs the request, or prints its spec with <c>--dry-run</c>.</summary>
    public int Execute(ParseResult parsed, TrainRequest request)
    {
        if (parsed.GetValue(_dryRun))
            return SpecPrinter.Print(request, parsed.GetValue(_json));
        return TrainSession.Run(request, new LoggedDisplay(parsed.GetValue(_json) ? new JsonDisplay() : new TerminalDisplay(), TimeProvider.System), parsed.GetValue(_json));
    }

    public static Recipe RecipeOf(string name)
    {
        if (!name.EndsWith(".json", StringComparison.OrdinalIgnoreCase) && !File.Exists(name))
            return Recipes.Named(name);
        if (!File.Exists(name))
            throw new UserErrorException($"the recipe file {name} does not exist");
        return Recipe.Parse(name, File.ReadAllText(name));
    }

    private IEnumerable<SpecAssignment> Assignments(ParseResult parsed)
    {
        SpecAssignment[] given = [.. (parsed.GetValue(_set) ?? []).Select(SpecAssignment.Parse)];
        foreach (var assignment in given.Concat(_published.Assignments(parsed, given)))
            yield return assignment;
        if (parsed.GetValue(_kimg) is { } kimg)
            yield return SpecAssignment.For("kimg", kimg.ToString(CultureInfo.InvariantCulture));
        if (parsed.GetValue(_seed) is { } seed)
            yield return SpecAssignment.For("seed", seed.ToString(CultureInfo.InvariantCulture));
        if (parsed.GetValue(_freezeD) is { } layers)
            yield return SpecAssignment.For("freeze-d", layers.ToString(CultureInfo.InvariantCulture));
        if (parsed.GetValue(_badImages) is { } policy)
            yield return SpecAssignment.For("bad-images", policy);
    }
}
