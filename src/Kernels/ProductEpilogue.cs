using System.Numerics;

namespace Atelier.Kernels;

/// <summary>What follows a fully connected layer's product: bias, leaky ReLU, gains. All matrices row-major, without gaps.</summary>
/// <remarks>Elements are independent and each operation is rounded, so that the width of the processor's vectors shows nowhere.</remarks>
public static unsafe class ProductEpilogue
{
    /// <summary>y ← slope·(scale·y + biasScale·bias), with one slope above 0 and another at and below.</summary>
    /// <param name="y">[rows, columns], changed.</param>
    /// <param name="rows">Rows of y.</param>
    /// <param name="columns">Columns of y.</param>
    /// <param name="scale">Multiplies the product.</param>
    /// <param name="bias">[columns] or null.</param>
    /// <param name="biasScale">Multiplies the bias.</param>
    /// <param name="positive">Slope above 0.</param>
    /// <param name="negative">Slope at and below 0.</param>
    public static void Forward(float* y, int rows, int columns, float scale, float* bias, float biasScale, float positive, float negative)
    {
        for (int r = 0; r < rows; r++, y += columns)
        {
            int c = 0;
            for (; c <= columns - Vector<float>.Count; c += Vector<float>.Count)
            {
                var z = Vector.Load(y + c) * scale;
                if (bias != null)
                    z += Vector.Load(bias + c) * biasScale;
                (z * Vector.ConditionalSelect(Vector.GreaterThan(z, Vector<float>.Zero), new Vector<float>(positive), new Vector<float>(negative))).Store(y + c);
            }
            for (; c < columns; c++)
            {
                float z = y[c] * scale;
                if (bias != null)
                    z += bias[c] * biasScale;
                y[c] = z * (z > 0 ? positive : negative);
            }
        }
    }

    /// <summary>dz = slope·dy, and biasScale·Σ dz over the rows, one after the other.</summary>
    /// <param name="dy">[rows, columns]</param>
    /// <param name="y">[rows, columns], whose sign says which slope; null for the positive one.</param>
    /// <param name="dz">[rows, columns], written.</param>
    /// <param name="rows">Rows of all three.</param>
    /// <param name="columns">Columns of all three.</param>
    /// <param name="positive">Slope above 0.</param>
    /// <param name="negative">Slope at and below 0.</param>
    /// <param name="biasScale">Multiplies the sums.</param>
    /// <param name="sums">[columns], written; null for none.</param>
    public static void Backward(float* dy, float* y, float* dz, int rows, int columns, float positive, float negative, float biasScale, float* sums)
    {
        for (int c = 0; c < columns;)
        {
            if (c <= columns - Vector<float>.Count)
            {
                var sum = Vector<float>.Zero;
                for (int r = 0; r < rows; r++)
                {
                    long at = ((long)r * columns) + c;
                    var slope = new Vector<float>(positive);
                    if (y != null)
                        slope = Vector.ConditionalSelect(Vector.GreaterThan(Vector.Load(y + at), Vector<float>.Zero), slope, new Vector<float>(negative));
                    var z = Vector.Load(dy + at) * slope;
                    z.Store(dz + at);
                    sum += z;
                }
                if (sums != null)
                    (sum * biasScale).Store(sums + c);
                c += Vector<float>.Count;
            }
            else
            {
                float sum = 0;
                for (int r = 0; r < rows; r++)
                {
                    long at = ((long)r * columns) + c;
                    dz[at] = dy[at] * (y == null || y[at] > 0 ? positive : negative);
                    sum += dz[at];
                }
                if (sums != null)
                    sums[c] = sum * biasScale;
                c++;
            }
        }
    }
}
