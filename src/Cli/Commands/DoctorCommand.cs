using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using Atelier.Core;
using Atelier.Training.Data;
using Atelier.Training.Imaging;
using Atelier.Training.Numerics;
using Atelier.Training.Ops;
using static TorchSharp.torch;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier doctor</c>: what is installed, which device and kernels run, and whether every op agrees with its reference.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var device = DeviceOption.Create();
        var command = new Command("doctor", "Say what is installed and check every op against its reference") { device };
        command.SetAction(parsed => Run(parsed.GetValue(device)!));
        return command;
    }

    private static int Run(string deviceName)
    {
        NumericsEnvironment.Apply(threads: 1);
        var device = DeviceOption.Find(deviceName);
        var numerics = NumericsProbe.Measure(threads: 1, CPU);
        Row("system", $"{RuntimeInformation.OSDescription}, {Environment.ProcessorCount} core(s), {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30):0.0} GiB");
        Row(".NET", RuntimeInformation.FrameworkDescription);
        Row("libtorch", numerics.Libtorch);
        Row("oneDNN", numerics.OneDnn);
        Row("BLAS", numerics.Blas);
        Row("C library", numerics.Libc);
        Row("CPU kernels", numerics.Device);
        bool cuda = cuda_is_available();
        Row("CUDA", cuda ? "available" : "not available: this libtorch or machine has none");
        if (cuda)
            Row("CUDA kernels", "none are built: ops on the GPU take their reference compositions, which are much slower");
        Row("emoji font", EmojiFont());

        Console.WriteLine();
        Console.WriteLine($"ops on {device} against their references (value, gradient, gradient of gradient; float32):");
        bool passed = true;
        foreach (var check in OpSelfCheck.Run(device))
        {
            passed &= check.Passed;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  {(check.Passed ? "ok    " : "FAILED")} {check.Op,-22} {check.Value:0.0e+00}  {check.Gradient:0.0e+00}  {check.SecondGradient:0.0e+00}"));
        }
        return passed ? ExitCode.Success : ExitCode.Mismatch;
    }

    private static void Row(string what, string value) => Console.WriteLine($"{what,-14} {value}");

    private static string EmojiFont()
    {
        try
        {
            using var faces = EmojiFaces.Draw(ImageSize.Square(32));
            return $"{faces.ImageNames.Count} faces for the demo";
        }
        catch (UserErrorException e)
        {
            return e.Message;
        }
    }
}
