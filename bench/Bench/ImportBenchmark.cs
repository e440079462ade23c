using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Atelier.Cli;
using Atelier.Core;
using Atelier.Training.Networks;

namespace Atelier.Bench;

/// <summary><c>import</c>: how long a published network takes to come in, and how much memory.</summary>
internal static class ImportCommand
{
    public static Command Create()
    {
        var resolution = new Option<int>("--res") { Description = "size of the networks' images: at 1024, G, D and G_ema of configuration F are a file of 360 MB", DefaultValueFactory = _ => 1024 };
        var json = new Option<bool>("--json") { Description = "print a JSON object" };
        var command = new Command("import", "Time `atelier import --all` of a pickle with the networks of configuration F") { resolution, json };
        command.SetAction(parsed => Run(new ImageShape(parsed.GetValue(resolution), parsed.GetValue(resolution)), parsed.GetValue(json)));
        return command;
    }

    private static int Run(ImageShape shape, bool json)
    {
        var folder = Directory.CreateTempSubdirectory("atelier-bench-");
        try
        {
            string file = Path.Combine(folder.FullName, "network.pkl");
            using (var stream = File.Create(file))
            {
                var generator = Generator.LayoutOf(new GeneratorConfig(shape, 512, 512, 0, 32768, 512, 8));
                new NetworkPickle(stream).Write([("G", generator), ("D", Discriminator.LayoutOf(new DiscriminatorConfig(shape, 0, 32768, 512))), ("G_ema", generator)]);
            }
            var (seconds, peak) = Import(file, Path.Combine(folder.FullName, "network.safetensors"));
            long bytes = new FileInfo(file).Length;
            Console.WriteLine(json
                ? new JsonObject { ["file_bytes"] = bytes, ["seconds"] = seconds, ["peak_rss_bytes"] = peak, ["peak_to_file"] = (double)peak / bytes }.ToJsonString()
                : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0} MB in {seconds:0.00} s with {peak / 1e6:0} MB of memory: {(double)peak / bytes:0.00} times its size"));
            return ExitCode.Success;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Imports in a process of its own. Its memory is the highest that the system had counted a few milliseconds before its end.</summary>
    private static (double Seconds, long PeakBytes) Import(string file, string output)
    {
        string[] command = [Path.Combine(AppContext.BaseDirectory, "atelier.dll"), "import", file, "--all", "--out", output];
        long start = Stopwatch.GetTimestamp(), peak = 0;
        using var process = Process.Start(new ProcessStartInfo("dotnet", command) { RedirectStandardOutput = true })!;
        while (!process.WaitForExit(2))
        {
            try
            {
                process.Refresh();
                peak = Math.Max(peak, process.PeakWorkingSet64);
            }
            catch (InvalidOperationException)
            {
                // It has ended meanwhile.
            }
        }
        return process.ExitCode == ExitCode.Success ? (Stopwatch.GetElapsedTime(start).TotalSeconds, peak) : throw new UserErrorException("the import failed");
    }
}

/// <summary>Writes networks of zeros as a pickle: a dictionary of state dicts, whose tensors lie in storages as torch.save pickled them before zip files.</summary>
/// <param name="stream">Where it goes.</param>
internal sealed class NetworkPickle(Stream stream)
{
    private const byte Mark = (byte)'(';
    private const byte Reduce = (byte)'R';
    private const byte SetItems = (byte)'u';

    public void Write(IReadOnlyList<(string Name, NetworkLayout Layout)> networks)
    {
        Raw(0x80, 4, (byte)'}', Mark);
        foreach (var (name, layout) in networks)
        {
            Text(name);
            Raw((byte)'}', Mark);
            foreach (var entry in layout.Entries)
            {
                Text(entry.Name);
                Tensor(entry);
            }
            Raw(SetItems);
        }
        Raw(SetItems, (byte)'.');
    }

    private void Tensor(LayoutEntry entry)
    {
        var stride = new long[entry.Shape.Length];
        for (long next = 1, i = stride.Length - 1; i >= 0; next *= entry.Shape[i--])
            stride[i] = next;
        Global("torch._utils", "_rebuild_tensor_v2");
        Raw(Mark);
        Global("torch.storage", "_load_from_bytes");
        var head = StorageHead(entry.Count);
        Raw([(byte)'B', .. BitConverter.GetBytes((int)(head.Length + (entry.Count * sizeof(float))))]);
        Raw(head);
        for (var (left, zeros) = (entry.Count * sizeof(float), new byte[1 << 16]); left > 0; left -= zeros.Length)
            Raw(zeros.AsSpan(0, (int)Math.Min(left, zeros.Length)));
        Raw(0x85, Reduce);
        Number(0);
        Tuple(entry.Shape);
        Tuple(stride);
        Raw(0x89, (byte)'N', (byte)'t', Reduce);
    }

    // Pickles of a magic number, a version, properties of the system, the storage and its key; then its length.
    private static byte[] StorageHead(long count)
    {
        using var bytes = new MemoryStream();
        var head = new NetworkPickle(bytes);
        head.Raw(0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, (byte)'.');
        head.Raw(0x80, 2, (byte)'M', 0xE9, 0x03, (byte)'.', 0x80, 2, (byte)'}', (byte)'.', 0x80, 2, Mark);
        head.Text("storage");
        head.Raw([(byte)'c', .. "torch\nFloatStorage\n"u8]);
        head.Text("0");
        head.Text("cpu");
        head.Number(count);
        head.Raw((byte)'N', (byte)'t', (byte)'Q', (byte)'.', 0x80, 2, (byte)']');
        head.Text("0");
        head.Raw((byte)'a', (byte)'.');
        head.Raw(BitConverter.GetBytes(count));
        return bytes.ToArray();
    }

    private void Global(string module, string name)
    {
        Text(module);
        Text(name);
        Raw(0x93);
    }

    private void Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Raw([(byte)'X', .. BitConverter.GetBytes(bytes.Length), .. bytes]);
    }

    private void Tuple(long[] numbers)
    {
        Raw(Mark);
        foreach (long number in numbers)
            Number(number);
        Raw((byte)'t');
    }

    private void Number(long number) => Raw([(byte)'J', .. BitConverter.GetBytes((int)number)]);

    private void Raw(params ReadOnlySpan<byte> bytes) => stream.Write(bytes);
}
