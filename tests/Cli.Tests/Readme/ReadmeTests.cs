using System.Text.Json;
using System.Text.RegularExpressions;
using Atelier.TestKit;
using Atelier.Training.Imaging;

namespace Atelier.Cli.Tests.Readme;

/// <summary>README's blocks of commands as they stand there, by a shell; launcher.sh says what is cut short.</summary>
public sealed partial class ReadmeTests(ReadmeFolder folder) : IClassFixture<ReadmeFolder>
{
    private const string Cluster = "./atelier coordinator --database fresh.db & ./atelier worker --coordinator http://127.0.0.1:7070 & export ATELIER_COORDINATOR=http://127.0.0.1:$PORT_OF_COORDINATOR";

    /// <summary>A run and an export that later blocks use.</summary>
    private const string Photos = "[ -d runs/photos ] || ./atelier train --data photos/ --out runs/photos --set resolution=64";

    private const string NetworkA = "[ -d runs/a ] || ./atelier train --data faces/ --out runs/a --recipe config-a";

    /// <summary>By their first lines: what is there before, and the files that they make.</summary>
    private static readonly Dictionary<string, (string Before, string[] Files)> Run = new(StringComparer.Ordinal)
    {
        ["./atelier demo      # watch StyleGAN2 learn to draw emoji faces; no dataset to download"] = ("", ["runs/demo/reals.png"]),
        ["./atelier train --data photos/ --out runs/photos --set resolution=64 --set resize=fit --set mirror=true"] = ("rm -rf runs/photos", ["runs/photos/curves.png", "runs/photos/progress.png"]),
        ["./atelier dataset convert lsun/cat_lmdb --out cat-256.zip --resolution 256 --crop center-crop"] = ("", ["cat-256.zip", "cat.png"]),
        ["./atelier dataset convert photos/ --out few.zip --resolution 32x32 --crop center-crop --max-images 300"] = ("", ["runs/few/curves.png"]),
        ["./atelier plan ffhq1024 --gpus 8 --device a100 --price 2.5"] = ("", []),
        ["./atelier coordinator --database coordinator.db &"] = ("", ["runs/faces/run.json"]),
        ["./atelier submit -f faces.json --dry-run"] = (Cluster, ["runs/small/curves.png"]),
        ["./atelier coordinator --monitoring 127.0.0.1:9464 --alert-webhook https://alerts.example/atelier"] = ("", []),
        ["./atelier train --data faces/ --out runs/a --recipe config-a"] = ("rm -rf runs/a", ["analysis/side-by-side.png"]),
        ["./atelier correct label --network runs/a --work fix        # A: artifact, N: normal; a few dozen of each"] = (NetworkA, ["fix/correction.json", "corrected"]),
        ["./atelier generate --network runs/photos --seeds 0-3 --trunc 1,0.7,0.5,0 --out truncation.png"] = (Photos, ["truncation.png", "mixed.png", "interpolation.mp4", "walk.webp"]),
        ["./atelier project photo.png --network runs/photos --out projected --resize fit --video"] = (Photos, ["projected"]),
        ["./atelier detect --network runs/photos --data photos/ --out detection"] = (Photos, ["detection"]),
    };

    /// <summary>Those with a test of their own below.</summary>
    private static readonly string[] RunOtherwise =
    [
        "./atelier generate --network runs/photos --seeds 0-15 --trunc 0.7 --grid --out samples.png",
        "./atelier import network.pkl --out network.safetensors",
        "images    104 at 32x32 from emoji:faces:32, mirrored too; no labels",
        "./atelier certs ca && ./atelier certs server --host first.example && ./atelier certs worker --host second.example",
        @"./atelier worker --coordinator https://first.example:7070 --worker-token-file workers.token --tls-ca certs/ca.crt \",
    ];

    /// <summary>Those that cannot be run here, and why.</summary>
    private static readonly Dictionary<string, string> NotRun = new(StringComparer.Ordinal)
    {
        ["kubectl apply -k deploy/k8s/overlays/cpu-demo"] = "needs a cluster of Kubernetes; Kubernetes.Tests apply the overlay's objects and this submission to an API server of their own",
        [".NET           .NET 10.0.12"] = "what `doctor` prints on some machine; DoctorTests runs it",
    };

    public static TheoryData<string> Blocks => [.. Run.Keys];

    [Fact]
    public void Blocks_OfReadme_AreAllKnown() =>
        Assert.Equal(Run.Keys.Concat(RunOtherwise).Concat(NotRun.Keys).Order(StringComparer.Ordinal), ReadmeBlock.All.Select(block => block.First).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Blocks))]
    public void Block_AsItStands_Works(string first)
    {
        var (before, files) = Run[first];
        Assert.SkipWhen(first.Contains("--trunc 1,0.7", StringComparison.Ordinal) && !VideoWriter.HasFfmpeg(), "ffmpeg is not installed");

        folder.Run($"{before}\n{Block(first).Text}").Succeeded();

        Assert.All(files, file => Assert.True(Path.Exists(folder[file]), $"{file} was not made"));
    }

    /// <summary>The worker of the block serves the run; it was not evicted for having fewer threads than the run was given, as it once was.</summary>
    [Fact]
    public void ClusterBlock_AsItStands_LeavesItsWorkerServingTheRun()
    {
        string block = Block("./atelier coordinator --database coordinator.db &").Text;

        string printed = folder.Run($"rm -rf coordinator.db* runs/faces\n{block}\necho; echo WORKERS\n./atelier workers -o json --coordinator http://127.0.0.1:7070").Succeeded().Text;

        using var workers = JsonDocument.Parse(printed[(printed.IndexOf("WORKERS", StringComparison.Ordinal) + "WORKERS".Length)..]);
        var worker = Assert.Single(workers.RootElement.EnumerateArray());
        Assert.Equal(("ready", "faces"), (worker.GetProperty("status").GetString(), worker.GetProperty("run").GetString()));
    }

    /// <summary>Without the detectors that one has to download, the rest is measured and the message says where they are.</summary>
    [Fact]
    public void UsingBlock_WithoutDetectors_WritesPicturesAndSaysWhatToDownload()
    {
        var result = folder.Run($"{Photos}\nrm -f samples.png; mkdir -p detectors\n{Block(RunOtherwise[0]).Text}");

        Assert.Equal(2, result.ExitCode);
        Assert.Contains("Download https://", result.ErrorText, StringComparison.Ordinal);
        Assert.Contains(result.Output, line => line.StartsWith("rfd ", StringComparison.Ordinal));
        Assert.True(File.Exists(folder["samples.png"]) && File.Exists(folder["photos.safetensors"]));
    }

    [Fact]
    public void ImportBlock_OfAPublishedNetwork_DrawsIt()
    {
        folder.Run($"{Photos}\n[ -f G_ema.safetensors ] || ./atelier export runs/photos --out G_ema.safetensors").Succeeded();
        folder.WritePublished("network.pkl", folder["G_ema.safetensors"]);

        folder.Run($"rm -f samples.png\n{Block(RunOtherwise[1]).Text}").Succeeded();

        Assert.True(File.Exists(folder["network.safetensors"]) && File.Exists(folder["samples.png"]));
    }

    /// <summary>Both machines are this one: the certificates are for its names too.</summary>
    [Fact]
    public void BlocksForTwoMachines_WithCertificatesAndTokens_AttachTheWorker()
    {
        folder.Run($"{Block(RunOtherwise[3]).Text}\n{Block(RunOtherwise[4]).Text}").Succeeded();

        Assert.Contains("attached", File.ReadAllText(folder["worker.log"]), StringComparison.Ordinal);
    }

    /// <summary>Numbers of cores and folders are the machine's.</summary>
    [Fact]
    public void DemosFirstLines_InReadme_AreWhatItPrints()
    {
        string[] machine = ["device", "folder", "watch"];
        var printed = folder.Run("./atelier demo --workers 2 --out runs/first").Succeeded().Output;

        foreach (string line in Block(RunOtherwise[2]).Text.Split('\n').Where(line => line.Length > 0))
        {
            if (machine.Contains(Word().Match(line).Value))
                Assert.Contains(printed, other => Word().Match(other).Value == Word().Match(line).Value);
            else
                Assert.Contains(line, printed);
        }
    }

    private static ReadmeBlock Block(string first) => ReadmeBlock.All.Single(block => block.First == first);

    [GeneratedRegex(@"^\w+")]
    private static partial Regex Word();
}
