using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Atelier.Cli.Cluster;
using Atelier.Cli.Output;
using Atelier.Core;
using Atelier.Core.Specs;
using Atelier.Protos;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier submit</c>: puts a run into a coordinator's queue; the same again changes nothing.</summary>
internal sealed class SubmitCommand
{
    private const string S3Scheme = "s3://";

    private readonly Argument<string?> _run = new("run") { Description = "name of the run: lower-case letters, digits, `.`, `_`, `-`", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _file = new("--file", "-f") { Description = "a JSON file with any of these options and spec keys; the command line takes precedence" };
    private readonly Option<string?> _data = new("--data") { Description = "the images: an absolute path that the workers can read" };
    private readonly Option<string?> _store = new("--out") { Description = "the run folder: an absolute path or s3://bucket/prefix that workers and coordinator can reach" };
    private readonly Option<string?> _recipe = new("--recipe") { Description = "name of a recipe, or a recipe file" };
    private readonly Option<double?> _kimg = new("--kimg") { Description = "length of the run, in thousands of images" };
    private readonly Option<ulong?> _seed = new("--seed") { Description = "random seed" };
    private readonly Option<string[]> _set = new("--set") { Description = "a spec key, as key=value; repeatable" };
    private readonly Option<int?> _priority = new("--priority") { Description = "runs with a higher priority get workers first" };
    private readonly Option<int?> _min = new("--min-workers") { Description = "wait until this many workers are free (default: 1)" };
    private readonly Option<int?> _max = new("--max-workers") { Description = "use at most this many workers (default: one per shard)" };
    private readonly Option<string?> _init = new("--init") { Description = "start from the networks in this .safetensors file, which the workers can read" };
    private readonly Option<bool> _accept = new("--accept-new-numerics") { Description = "continue even if the run's snapshots were computed under other numerics" };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "print the resolved submission and what would happen, then exit" };
    private readonly Option<bool> _watch = new("--watch") { Description = "then follow the run, as `atelier watch` does" };
    private readonly Option<bool> _force = new("--force-conflicts") { Description = "with --kubernetes: take over fields that others have changed" };
    private readonly KubernetesOption _kubernetes = new();
    private readonly OutputOption _output = new("text");

    public static Command Create() => new SubmitCommand().ToCommand();

    private Command ToCommand()
    {
        var command = new Command("submit", "Put a run into a coordinator's queue; repeating the same submission changes nothing") { _run };
        foreach (var option in new Option[] { _file, _data, _store, _recipe, _kimg, _seed, _set, _priority, _min, _max, _init, _accept, _dryRun, _watch, _force })
            command.Options.Add(option);
        _output.AddTo(command);
        _kubernetes.AddTo(command, "apply it to a Kubernetes cluster as a TrainingRun; with --max-workers it gets its own workers");
        var coordinator = new CoordinatorOption();
        coordinator.AddTo(command);
        command.SetAction(parsed =>
        {
            var request = RequestOf(parsed);
            if (_kubernetes.IsMeant(parsed))
                return ApplyAsync(parsed, request).GetAwaiter().GetResult();
            return coordinator.Call(parsed, replicas => parsed.GetValue(_dryRun) ? PreviewAsync(parsed, replicas, request) : SubmitAsync(parsed, replicas, request));
        });
        return command;
    }

    private async Task<int> ApplyAsync(ParseResult parsed, SubmitRequest request)
    {
        if (parsed.GetValue(_watch))
            throw new UserErrorException("--watch works only with a coordinator; with --kubernetes, use `kubectl get run -w`");
        bool isJson = _output.IsJson(parsed);
        if (parsed.GetValue(_dryRun))
        {
            Console.WriteLine(KubernetesSubmission.Describe(request, _kubernetes.Namespace(parsed), isJson));
            return ExitCode.Success;
        }
        Console.WriteLine(await new KubernetesSubmission(_kubernetes.Find(parsed)!).ApplyAsync(request, parsed.GetValue(_force), isJson));
        return ExitCode.Success;
    }

    private async Task<int> PreviewAsync(ParseResult parsed, CoordinatorReplicas replicas, SubmitRequest request)
    {
        var preview = await replicas.CallAsync(runs => runs.PreviewAsync(request));
        _output.Print(parsed, () => RunLines.ToJson(preview), () => RunLines.Describe(preview));
        // What -o json prints is a file for -f; the verdict is for the person.
        if (_output.IsJson(parsed))
            await Console.Error.WriteLineAsync($"atelier: {RunLines.Outcome(preview)}");
        return ExitCode.Success;
    }

    private async Task<int> SubmitAsync(ParseResult parsed, CoordinatorReplicas replicas, SubmitRequest request)
    {
        var run = await replicas.CallAsync(runs => runs.SubmitAsync(request));
        bool isJson = _output.IsJson(parsed);
        if (run.AlreadySubmitted && !isJson)
            Console.WriteLine($"{run.Run_} was already submitted with the same spec and paths; nothing changed");
        if (parsed.GetValue(_watch))
            return await new RunWatch(replicas, run.Run_, isJson, TimeProvider.System).FollowAsync();
        Console.WriteLine(isJson ? RunLines.ToJson(run).ToJsonString() : RunLines.Sentence(run));
        return ExitCode.Success;
    }

    private SubmitRequest RequestOf(ParseResult parsed)
    {
        var file = parsed.GetValue(_file) is { } path ? SubmissionFile.Read(path) : new SubmissionFile();
        string recipe = parsed.GetValue(_recipe) ?? file.Text("recipe") ?? "";
        var request = new SubmitRequest
        {
            Run = parsed.GetValue(_run) ?? file.Text("run") ?? throw Missing("the run's name", "`run`"),
            Recipe = File.Exists(recipe) ? File.ReadAllText(recipe) : recipe,
            DataPath = Absolute("--data", parsed.GetValue(_data) ?? file.Text("data") ?? throw Missing("--data", "`data`")),
            RunStore = Absolute("--out", parsed.GetValue(_store) ?? file.Text("out") ?? throw Missing("--out", "`out`")),
            Priority = parsed.GetValue(_priority) ?? file.Number("priority") ?? 0,
            MinWorkers = parsed.GetValue(_min) ?? file.Number("min-workers") ?? 1,
            MaxWorkers = parsed.GetValue(_max) ?? file.Number("max-workers") ?? 0,
            InitPath = (parsed.GetValue(_init) ?? file.Text("init")) is { Length: > 0 } init ? Absolute("--init", init) : "",
            AcceptNewNumerics = parsed.GetValue(_accept) || file.Flag("accept-new-numerics"),
        };
        request.Assignments.AddRange(file.Assignments);
        request.Assignments.AddRange(parsed.GetValue(_set) ?? []);
        if (parsed.GetValue(_kimg) is { } length)
            request.Assignments.Add($"kimg={length.ToString(CultureInfo.InvariantCulture)}");
        if (parsed.GetValue(_seed) is { } number)
            request.Assignments.Add($"seed={number.ToString(CultureInfo.InvariantCulture)}");
        return request;
    }

    private static UserErrorException Missing(string what, string key) => new($"`atelier submit` needs {what}, on the command line or as {key} in a file (-f); see `atelier submit --help`");

    /// <summary>Workers are elsewhere: what is relative to this folder means nothing to them.</summary>
    private static string Absolute(string option, string path) =>
        Path.IsPathFullyQualified(path) || DataPath.IsBuiltIn(path) || path.StartsWith(S3Scheme, StringComparison.OrdinalIgnoreCase)
            ? path
            : throw new UserErrorException($"{option} {path} is a relative path, which workers on other machines cannot resolve; use an absolute path such as {Path.GetFullPath(path)}");
}

/// <summary>
/// A submission as a file: a JSON object with the options of <c>submit</c> and spec keys, side by side or the latter under <c>spec</c>, as
/// <c>submit --dry-run -o json</c> prints it. Comments and trailing commas are fine.
/// </summary>
internal sealed class SubmissionFile
{
    private static readonly string[] Options = ["run", "data", "out", "recipe", "priority", "min-workers", "max-workers", "init", "accept-new-numerics"];

    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false };

    private readonly Dictionary<string, string> _options = [];
    private readonly List<string> _assignments = [];
    private readonly string _path;

    /// <summary>An empty one.</summary>
    public SubmissionFile()
        : this("")
    {
    }

    private SubmissionFile(string path) => _path = path;

    /// <summary>Spec keys, as key=value.</summary>
    public IReadOnlyList<string> Assignments => _assignments;

    /// <summary>Reads a file.</summary>
    /// <exception cref="UserErrorException">It cannot be read, is not JSON, or has a key that is none.</exception>
    public static SubmissionFile Read(string path)
    {
        if (!File.Exists(path))
            throw new UserErrorException($"the file {path} does not exist");
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(path), Lenient);
            var file = new SubmissionFile(path);
            file.Add(document.RootElement, isSpec: false);
            return file;
        }
        catch (JsonException e)
        {
            throw new UserErrorException($"{path} is not valid JSON: line {e.LineNumber + 1}: {e.Message}", e);
        }
    }

    /// <summary>An option; null where the file does not have it.</summary>
    public string? Text(string name) => _options.GetValueOrDefault(name);

    /// <summary>An option that is a whole number.</summary>
    public int? Number(string name) => Text(name) is not { } text ? null
        : int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number
        : throw new UserErrorException($"{_path}: `{name}` cannot be `{text}`; use a whole number");

    /// <summary>An option that is true or false.</summary>
    public bool Flag(string name) => Text(name) switch
    {
        null or "false" => false,
        "true" => true,
        var other => throw new UserErrorException($"{_path}: `{name}` cannot be `{other}`; use true or false"),
    };

    private void Add(JsonElement json, bool isSpec)
    {
        if (json.ValueKind != JsonValueKind.Object)
            throw new UserErrorException($"{_path}: expected a JSON object with options of `atelier submit` and spec keys");
        foreach (var property in json.EnumerateObject())
        {
            if (property is { Name: "spec", Value.ValueKind: JsonValueKind.Object } && !isSpec)
            {
                Add(property.Value, isSpec: true);
                continue;
            }
            string text = SpecText.Of(property.Value) ?? throw new UserErrorException($"{_path}: `{property.Name}` cannot be an object");
            if (property.Name == "recipe" || (!isSpec && Options.Contains(property.Name)))
                _options.TryAdd(property.Name, text);
            else if (KeyOf(property.Name).SetBy.Length == 0) // what the dataset decides is taken from the dataset
                _assignments.Add($"{property.Name}={text}");
        }
    }

    private SpecKey KeyOf(string name)
    {
        try
        {
            return SpecKeys.Find(name);
        }
        catch (UserErrorException e)
        {
            throw new UserErrorException($"{_path}: `{name}` is neither an option of `atelier submit` nor a spec key.{NearestName.Hint(name, SpecKeys.All.Select(key => key.Name).Concat(Options))}", e);
        }
    }
}
