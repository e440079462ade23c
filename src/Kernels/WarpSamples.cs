using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Atelier.Kernels;

/// <summary>
/// A row of bilinear samples of the box that a warp's samples meet: each sample's offset into the box and its weights. The samples of
/// even columns come first, then those of odd ones, because the filters around need them apart.
/// </summary>
internal readonly unsafe struct WarpSamples(int half, int boxWidth, int boxHeight, int stride, int* offsets, float* x, float* y)
{
    /// <summary>Where the samples of row i lie. One outside takes the box's first corner, whose value is 0.</summary>
    /// <param name="position">The warp's.</param>
    /// <param name="firstColumn">The box's.</param>
    /// <param name="firstRow">The box's.</param>
    /// <param name="i">The row.</param>
    [MethodImpl(KernelLaunch.Hot)]
    public void Locate(double[] position, int firstColumn, int firstRow, int i)
    {
        double startX = Math.FusedMultiplyAdd(position[1], i, position[2]) - (firstColumn - 1), stepX = position[0];
        double startY = Math.FusedMultiplyAdd(position[4], i, position[5]) - (firstRow - 1), stepY = position[3];
        for (int parity = 0; parity < 2; parity++)
        {
            int at = parity * half, q = 0;
            for (; q + 4 <= half; q += 4)
            {
                var j = Vector256.Create((2.0 * q) + parity) + Vector256.Create(0.0, 2, 4, 6);
                var px = Vector256.FusedMultiplyAdd(Vector256.Create(stepX), j, Vector256.Create(startX));
                var py = Vector256.FusedMultiplyAdd(Vector256.Create(stepY), j, Vector256.Create(startY));
                Vector256<double> column = Vector256.Floor(px), line = Vector256.Floor(py), zero = Vector256<double>.Zero;
                var inside = Vector256.GreaterThanOrEqual(column, zero) & Vector256.LessThanOrEqual(column, Vector256.Create((double)boxWidth)) &
                    Vector256.GreaterThanOrEqual(line, zero) & Vector256.LessThanOrEqual(line, Vector256.Create((double)boxHeight));
                var offset = inside & Vector256.FusedMultiplyAdd(line, Vector256.Create((double)stride), column);
                Store(offset, inside & (px - column), inside & (py - line), at + q);
            }
            for (; q < half; q++)
            {
                double j = (2 * q) + parity, px = Math.FusedMultiplyAdd(stepX, j, startX), py = Math.FusedMultiplyAdd(stepY, j, startY);
                double column = Math.Floor(px), line = Math.Floor(py);
                bool inside = column >= 0 && column <= boxWidth && line >= 0 && line <= boxHeight;
                offsets[at + q] = inside ? ((int)line * stride) + (int)column : 0;
                x[at + q] = inside ? (float)(px - column) : 0;
                y[at + q] = inside ? (float)(py - line) : 0;
            }
        }
    }

    /// <summary>Reads the located samples. box: with a border of zeros; samples: [2·half].</summary>
    [MethodImpl(KernelLaunch.Hot)]
    public void Read(float* box, float* samples)
    {
        float* second = box + stride;
        for (int s = 0; s < 2 * half; s++)
        {
            int offset = offsets[s];
            float above = MathF.FusedMultiplyAdd(x[s], box[offset + 1] - box[offset], box[offset]);
            float below = MathF.FusedMultiplyAdd(x[s], second[offset + 1] - second[offset], second[offset]);
            samples[s] = MathF.FusedMultiplyAdd(y[s], below - above, above);
        }
    }

    /// <summary>The adjoint of <see cref="Read"/>: adds the samples to the corners they came from, one after the other.</summary>
    [MethodImpl(KernelLaunch.Hot)]
    public void Add(float* samples, float* box)
    {
        for (int s = 0; s < 2 * half; s++)
        {
            float* corner = box + offsets[s];
            float below = y[s] * samples[s], above = samples[s] - below, right = x[s] * above, rightBelow = x[s] * below;
            corner[0] += above - right;
            corner[1] += right;
            corner[stride] += below - rightBelow;
            corner[stride + 1] += rightBelow;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Store(Vector256<double> offset, Vector256<double> weightX, Vector256<double> weightY, int at)
    {
        if (Avx.IsSupported)
        {
            Avx.ConvertToVector128Int32(offset).Store(offsets + at);
            Avx.ConvertToVector128Single(weightX).Store(x + at);
            Avx.ConvertToVector128Single(weightY).Store(y + at);
            return;
        }
        for (int k = 0; k < 4; k++)
        {
            offsets[at + k] = (int)offset[k];
            x[at + k] = (float)weightX[k];
            y[at + k] = (float)weightY[k];
        }
    }
}
