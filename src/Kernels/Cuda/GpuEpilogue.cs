namespace Atelier.Kernels.Cuda;

/// <summary>Launches of epilogue.cuh. It sees [N, C, pixels], or [N, pixels, C] with channels last.</summary>
public static unsafe class GpuEpilogue
{
    /// <summary>Sums of a gradient: over dz, dz·noise and gain·dz·u.</summary>
    public const int GradientSums = 3;

    /// <summary>Sums of a tangent: over gain·dz·d.</summary>
    public const int TangentSums = 1;

    private const int PacksOfAThread = 4, MostLanes = 32;

    private static readonly string[] Forwards = Names("forward"), Gradients = Names("gradient"), Tangents = Names("tangent");

    /// <summary>y = clamp(slope(gain·scale·u + strength·noise + bias)).</summary>
    /// <param name="kernels">Of the GPU.</param>
    /// <param name="number">Of u and y; the rest is float32.</param>
    /// <param name="arguments">U, To, what the epilogue consists of, and the shape.</param>
    public static void Forward(GpuKernels kernels, GpuNumber number, EpilogueArguments arguments)
    {
        ArgumentNullException.ThrowIfNull(kernels);
        int width = Vectorise(ref arguments, number);
        kernels.Launch(Name(Forwards, number, width), LaunchShape.Over(arguments.Packs), ref arguments);
    }

    /// <summary>The gradients of <see cref="Forward"/>.</summary>
    /// <param name="kernels">Of the GPU.</param>
    /// <param name="number">Of dy, y, u and the result.</param>
    /// <param name="arguments">As there, with Dy, Y, U where its sum is wanted, To or null, and Sums or null, for which Parts was asked.</param>
    public static void Gradient(GpuKernels kernels, GpuNumber number, EpilogueArguments arguments) => OverRows(kernels, Gradients, number, arguments);

    /// <summary>The gradients of <see cref="Gradient"/>.</summary>
    /// <param name="kernels">Of the GPU.</param>
    /// <param name="number">Of dy, y, u, d and the results.</param>
    /// <param name="arguments">As there, with the cotangents D, OfScale, OfStrength and OfBias.</param>
    public static void Tangent(GpuKernels kernels, GpuNumber number, EpilogueArguments arguments) => OverRows(kernels, Tangents, number, arguments);

    /// <summary>In how many parts a row is summed. It depends on shape and layout alone, so that the order of sums does.</summary>
    /// <param name="number">Of the images.</param>
    /// <param name="arguments">With pointers and shape.</param>
    public static uint Parts(GpuNumber number, EpilogueArguments arguments)
    {
        int width = Vectorise(ref arguments, number);
        uint inPart = arguments.ChannelsLast == 0
            ? LaunchShape.UsualThreads * PacksOfAThread
            : LaunchShape.UsualThreads / Lanes(arguments, width) * PacksOfAThread;
        uint inRow = arguments.ChannelsLast == 0 ? arguments.Pixels / (uint)width : arguments.Pixels;
        return (inRow + inPart - 1) / inPart;
    }

    private static void OverRows(GpuKernels kernels, string[] names, GpuNumber number, EpilogueArguments arguments)
    {
        ArgumentNullException.ThrowIfNull(kernels);
        arguments.Parts = Parts(number, arguments);
        int width = Vectorise(ref arguments, number);
        uint blocks = arguments.Images * arguments.Parts;
        if (arguments.ChannelsLast == 0)
        {
            blocks *= arguments.Channels;
        }
        else
        {
            uint packs = arguments.Channels / (uint)width, lanes = Lanes(arguments, width);
            blocks *= (packs + lanes - 1) / lanes;
        }
        kernels.Launch(Name(names, number, width), new LaunchShape(blocks, LaunchShape.UsualThreads), ref arguments);
    }

    /// <summary>How many numbers a pack has: 16 bytes of them where rows and addresses allow it, else one.</summary>
    private static int Vectorise(ref EpilogueArguments arguments, GpuNumber number)
    {
        int width = number == GpuNumber.Float32 ? 4 : 8;
        uint along = arguments.ChannelsLast == 0 ? arguments.Pixels : arguments.Channels;
        nint addresses = (nint)arguments.U | (nint)arguments.Y | (nint)arguments.Dy | (nint)arguments.D | (nint)arguments.To | (nint)arguments.ToU;
        if (along % width != 0 || addresses % 16 != 0)
            width = 1;
        arguments.Packs = arguments.Images * arguments.Channels * arguments.Pixels / (uint)width;
        return width;
    }

    /// <summary>Threads of a block that have a pack of channels each; a power of two.</summary>
    private static uint Lanes(in EpilogueArguments arguments, int width)
    {
        uint packs = arguments.Channels / (uint)width, lanes = 1;
        while (lanes < packs && lanes < MostLanes)
            lanes *= 2;
        return lanes;
    }

    private static string Name(string[] names, GpuNumber number, int width) => names[(2 * (int)number) + (width == 1 ? 1 : 0)];

    private static string[] Names(string pass) => [.. GpuNames.Suffixes.SelectMany(suffix => new[] { $"epilogue_{pass}_{suffix}", $"epilogue_{pass}_single_{suffix}" })];
}

/// <summary>How kernels are called that have a version for each precision.</summary>
internal static class GpuNames
{
    /// <summary>In the order of <see cref="GpuNumber"/>.</summary>
    public static readonly string[] Suffixes = ["f32", "f16", "bf16"];

    public static string[] Of(string kernel) => [.. Suffixes.Select(suffix => $"{kernel}_{suffix}")];
}
