using System.CommandLine;
using System.Globalization;
using Atelier.Cli.Labelling;
using Atelier.Cli.Output;
using Atelier.Core;
using Atelier.Training.Analysis;
using Atelier.Training.Analysis.Correction;
using Atelier.Training.Data;
using Atelier.Training.Exports;
using Atelier.Training.Imaging;
using Atelier.Training.Numerics;
using static TorchSharp.torch;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier correct</c>: finds the units that make a generator's artifacts, and corrects them (Tousi, Jeong et al. 2021).</summary>
internal static class CorrectCommand
{
    private const int LeastOfALabel = 5;
    private const int MinibatchesBetweenSaves = 50;

    public static Command Create() => new("correct", "Correct the generator units that cause artifacts: label, train, rank, apply")
    {
        Label(), Train(), CorrectRanking.Rank(), CorrectRanking.Apply(),
    };

    private static Command Label()
    {
        var network = new CorrectedNetwork();
        var seeds = new Option<string>("--seeds") { Description = "samples to label, in this order", DefaultValueFactory = _ => "0-999" };
        var port = new Option<int>("--port") { Description = "port on this machine; 0 for a free one" };
        var command = new Command("label", "Label samples as artifact or normal, by keyboard in your browser") { seeds, port };
        network.AddTo(command);
        command.SetAction(parsed =>
        {
            using var opened = network.Open(parsed);
            using var labels = new SampleLabels(opened.Labels, write: true);
            byte[] Draw(uint seed)
            {
                using var scope = NewDisposeScope();
                using var _ = no_grad();
                return ImageCodec.EncodePng(NetworkPictures.ToPictures(opened.Samples.Images([seed]))[0]);
            }
            using var stop = new Interruption();
            ServeAsync(new LabelSession(labels, SeedList.Parse(parsed.GetValue(seeds)!), Draw), parsed.GetValue(port), opened.Labels, stop.Token).GetAwaiter().GetResult();
            return ExitCode.Success;
        });
        return command;
    }

    private static async Task ServeAsync(LabelSession session, int port, string path, CancellationToken stop)
    {
        await using var server = await LabelServer.StartAsync(session, port);
        Console.WriteLine($"open {server.Address} to label samples: A for artifact, N for normal, S to skip, U to undo. Labels are saved to {path} immediately; Ctrl-C when done.");
        var ended = new TaskCompletionSource();
        await using var _ = stop.Register(ended.SetResult);
        await ended.Task;
        Console.WriteLine($"{session.State.Artifacts:#,0} artifacts and {session.State.Normal:#,0} normal samples in {path}");
    }

    private static Command Train()
    {
        var network = new CorrectedNetwork();
        var data = new Option<string>("--data") { Description = DatasetCommand.Sources, Required = true };
        var steps = new Option<int>("--steps") { Description = "number of minibatches", DefaultValueFactory = _ => 400 };
        var batch = new Option<int>("--batch") { Description = "images in a minibatch", DefaultValueFactory = _ => 32 };
        var width = new Option<int>("--width") { Description = "channels of ResNet-18's first stage", DefaultValueFactory = _ => 64 };
        var rate = new Option<double>("--lr") { Description = "learning rate", DefaultValueFactory = _ => 1e-3 };
        var seed = new Option<ulong>("--seed") { Description = "seed of weights and draws" };
        var most = new Option<int>("--reals") { Description = "maximum number of real images", DefaultValueFactory = _ => 1000 };
        var command = new Command("train", "Train the classifier of artifact, normal and real images; the same command again continues") { data, steps, batch, width, rate, seed, most };
        network.AddTo(command);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(steps) < 1 || parsed.GetValue(batch) < 2 || parsed.GetValue(width) is < 1 or > 1024 || parsed.GetValue(rate) is not (> 0 and < 1) || parsed.GetValue(most) < LeastOfALabel)
                throw new UserErrorException($"--steps must be 1 or more, --batch 2 or more, --width from 1 to 1024, --lr between 0 and 1, and --reals {LeastOfALabel} or more");
            using var opened = network.Open(parsed);
            using var labels = new SampleLabels(opened.Labels, write: false);
            labels.RequireBoth(opened.Labels, LeastOfALabel);
            var options = new ClassifierOptions(parsed.GetValue(width), parsed.GetValue(batch), parsed.GetValue(rate), parsed.GetValue(seed));
            return Train(opened, labels, parsed.GetValue(data)!, parsed.GetValue(most), options, parsed.GetValue(steps));
        });
        return command;
    }

    private static int Train(OpenedNetwork opened, SampleLabels labels, string data, int most, ClassifierOptions options, int steps)
    {
        using var scope = NewDisposeScope();
        var shape = opened.Loaded.Network.Config.Shape;
        var size = new ImageSize(shape.Width, shape.Height);
        using var dataset = ImageDataset.Open(DataPath.Open(data), new DatasetOptions { Resolution = size, Resize = size });
        int reals = Math.Min(most, dataset.Count);
        if (reals < LeastOfALabel)
            throw new UserErrorException($"{data} has {reals:#,0} images; a classifier needs at least {LeastOfALabel}");
        Tensor[] images = [Generated(opened.Samples, labels.Of(SampleLabel.Artifact)), Generated(opened.Samples, labels.Of(SampleLabel.Normal)), Real(dataset, reals)];
        string basis = $"{opened.Loaded.Digest} {opened.Draws} {dataset.Identity} {reals} {options} {string.Join(' ', labels.All.OrderBy(label => label.Key))}";
        using var classifier = new ArtifactClassifier(Math.Max(size.Width, size.Height), options, opened.Device);
        classifier.TryLoad(opened.Classifier, basis);
        using var stop = new Interruption();
        double loss = double.NaN;
        void Step()
        {
            loss = classifier.Step(images);
            if (classifier.Steps % MinibatchesBetweenSaves == 0)
                classifier.Save(opened.Classifier, basis);
        }
        try
        {
            ResumableWork.Run("minibatches", [.. Enumerable.Range(0, steps)], step => step < classifier.Steps, _ => Step(), stop.Token);
        }
        finally
        {
            classifier.Save(opened.Classifier, basis);
        }
        var right = classifier.Test(images);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{opened.Classifier}: {classifier.Steps:#,0} minibatches, loss {loss:0.###}; accuracy on held-out images: artifact {right[0]:0.0%}, normal {right[1]:0.0%}, real {right[2]:0.0%}"));
        return ExitCode.Success;
    }

    private static Tensor Generated(SeededSamples samples, IReadOnlyList<uint> seeds)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        return cat([.. seeds.Chunk(16).Select(some => UnitScores.Bytes(samples.Images(some)).cpu())], 0).MoveToOuterDisposeScope();
    }

    private static Tensor Real(ImageDataset dataset, int count)
    {
        var (width, height) = dataset.Resolution;
        var pixels = new byte[count * dataset.ImageBytes];
        for (int i = 0; i < count; i++)
            dataset.CopyPixels(i, false, pixels.AsSpan(i * dataset.ImageBytes, dataset.ImageBytes));
        return tensor(pixels, [count, 3, height, width]);
    }
}

/// <summary>The options that all parts of <c>correct</c> have: the network, and the folder that carries results from part to part.</summary>
internal sealed class CorrectedNetwork
{
    private readonly Option<string> _network = new("--network") { Description = "an export (.safetensors), or a run folder for its newest snapshot", Required = true };
    private readonly Option<string> _work = new("--work") { Description = "folder for labels, classifier, scores and correction, shared by all `correct` commands", Required = true };
    private readonly Option<double> _psi = new("--trunc") { Description = "truncation ψ of the samples; 1 for none", DefaultValueFactory = _ => 1 };
    private readonly Option<int?> _label = new("--class") { Description = "class label, for a conditional network" };
    private readonly Option<string> _device = DeviceOption.Create();

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _network, _work, _psi, _label, _device })
            command.Options.Add(option);
    }

    /// <summary>Opens what they name.</summary>
    public OpenedNetwork Open(ParseResult parsed)
    {
        NumericsEnvironment.Apply(threads: Environment.ProcessorCount);
        var device = DeviceOption.Find(parsed.GetValue(_device)!);
        string path = parsed.GetValue(_network)!;
        var loaded = NetworkSource.OpenGenerator(path, device);
        var samples = new SeededSamples(loaded.Network, device, parsed.GetValue(_psi), parsed.GetValue(_label));
        return new(path, loaded, samples, parsed.GetValue(_work)!, string.Create(CultureInfo.InvariantCulture, $"trunc {parsed.GetValue(_psi)} class {parsed.GetValue(_label)}"));
    }
}

/// <summary>A network that is being corrected, and the files of its correction.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Loaded">The network.</param>
/// <param name="Samples">Its samples.</param>
/// <param name="Folder">The files' folder.</param>
/// <param name="Draws">What samples depend on besides the network.</param>
internal sealed record OpenedNetwork(string Path, LoadedGenerator Loaded, SeededSamples Samples, string Folder, string Draws) : IDisposable
{
    public Device Device => Samples.Device;

    public string Labels => File("labels.jsonl");

    public string Classifier => File("classifier.safetensors");

    public string Regions => File("regions.png");

    public string File(string name) => System.IO.Path.Combine(Folder, name);

    public void Dispose() => Loaded.Dispose();
}
