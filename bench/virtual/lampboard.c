// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * The header of a Raspberry Pi for the VM test: a gpiochip of 28 lines, as the kernel's gpio-sim,
 * which Debian's kernel for x86 leaves out. Programs meet the real character device, edges of the
 * lines included; the test reads levels, pulls lines and stops the kernel by files of debugfs:
 *
 *   /sys/kernel/debug/lampboard/levels   a line for each change: nanoseconds since boot, line, level
 *   /sys/kernel/debug/lampboard/pull     write "24 0" to press a button that joins line 24 to ground
 *   /sys/kernel/debug/lampboard/hang     write anything: the processor halts with interrupts off
 *
 * At a shut-down it says on the console which lines are driven high: nobody inside can.
 * Like a Pi's pin controller, a line keeps its level when the program that drove it has ended.
 */
#include <linux/debugfs.h>
#include <linux/gpio/driver.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/reboot.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

#define LINES 28
#define CHANGES 65536

struct change {
	u64 at_ns;
	u8 line;
	u8 level;
};

static struct platform_device *board;
static struct dentry *folder;
static struct gpio_chip chip;
static DEFINE_SPINLOCK(lock);
static u32 outputs; /* lines that are driven */
static u32 driven;  /* the levels they are driven to */
static u32 pulled = ~0u; /* what undriven lines read: up, as the header's pull-ups make them */
static u32 heard;   /* lines whose edges somebody waits for */
static u32 rising, falling; /* which edges of them */
static struct change changes[CHANGES];
static unsigned int count;

static void note(unsigned int line, bool level)
{
	if (count < CHANGES)
		changes[count++] = (struct change){ ktime_get_ns(), line, level };
}

static void drive(unsigned int line, bool level)
{
	unsigned long flags;
	u32 bit = BIT(line);

	spin_lock_irqsave(&lock, flags);
	if (!(outputs & bit) || !!(driven & bit) != level)
		note(line, level);
	outputs |= bit;
	driven = level ? driven | bit : driven & ~bit;
	spin_unlock_irqrestore(&lock, flags);
}

static void board_set(struct gpio_chip *gc, unsigned int line, int level)
{
	drive(line, level);
}

static int board_get(struct gpio_chip *gc, unsigned int line)
{
	return !!((outputs & BIT(line) ? driven : pulled) & BIT(line));
}

static int board_direction(struct gpio_chip *gc, unsigned int line)
{
	return outputs & BIT(line) ? GPIO_LINE_DIRECTION_OUT : GPIO_LINE_DIRECTION_IN;
}

static int board_output(struct gpio_chip *gc, unsigned int line, int level)
{
	drive(line, level);
	return 0;
}

static int board_input(struct gpio_chip *gc, unsigned int line)
{
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	if (outputs & driven & BIT(line))
		note(line, false);
	outputs &= ~BIT(line);
	spin_unlock_irqrestore(&lock, flags);
	return 0;
}

static void board_irq_mask(struct irq_data *data)
{
	struct gpio_chip *gc = irq_data_get_irq_chip_data(data);
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	heard &= ~BIT(irqd_to_hwirq(data));
	spin_unlock_irqrestore(&lock, flags);
	gpiochip_disable_irq(gc, irqd_to_hwirq(data));
}

static void board_irq_unmask(struct irq_data *data)
{
	struct gpio_chip *gc = irq_data_get_irq_chip_data(data);
	unsigned long flags;

	gpiochip_enable_irq(gc, irqd_to_hwirq(data));
	spin_lock_irqsave(&lock, flags);
	heard |= BIT(irqd_to_hwirq(data));
	spin_unlock_irqrestore(&lock, flags);
}

static int board_irq_set_type(struct irq_data *data, unsigned int type)
{
	unsigned long flags;
	u32 bit = BIT(irqd_to_hwirq(data));

	if (type & ~IRQ_TYPE_EDGE_BOTH)
		return -EINVAL;
	spin_lock_irqsave(&lock, flags);
	rising = type & IRQ_TYPE_EDGE_RISING ? rising | bit : rising & ~bit;
	falling = type & IRQ_TYPE_EDGE_FALLING ? falling | bit : falling & ~bit;
	spin_unlock_irqrestore(&lock, flags);
	return 0;
}

static const struct irq_chip board_irqs = {
	.name = "lampboard",
	.irq_mask = board_irq_mask,
	.irq_unmask = board_irq_unmask,
	.irq_set_type = board_irq_set_type,
	.flags = IRQCHIP_IMMUTABLE,
	GPIOCHIP_IRQ_RESOURCE_HELPERS,
};

static int levels_show(struct seq_file *file, void *unused)
{
	unsigned int i, until = READ_ONCE(count);

	for (i = 0; i < until; i++)
		seq_printf(file, "%llu %u %u\n", changes[i].at_ns, changes[i].line, changes[i].level);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(levels);

static ssize_t pull_write(struct file *file, const char __user *text, size_t size, loff_t *at)
{
	char words[16] = {};
	unsigned int line, level;
	unsigned long flags;
	bool is_felt;
	u32 bit;

	if (size >= sizeof(words) || copy_from_user(words, text, size))
		return -EINVAL;
	if (sscanf(words, "%u %u", &line, &level) != 2 || line >= LINES)
		return -EINVAL;
	bit = BIT(line);
	spin_lock_irqsave(&lock, flags);
	is_felt = !(outputs & bit) && !!(pulled & bit) != !!level &&
		  (heard & (level ? rising : falling) & bit);
	pulled = level ? pulled | bit : pulled & ~bit;
	spin_unlock_irqrestore(&lock, flags);
	if (is_felt)
		generic_handle_domain_irq_safe(chip.irq.domain, line);
	return size;
}

static const struct file_operations pull_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = pull_write,
};

/* A panic would spin, which an emulated processor does for a quarter of an hour until its watchdog
 * has counted to 14 s; halted, its clock is the one outside. */
static ssize_t hang_write(struct file *file, const char __user *text, size_t size, loff_t *at)
{
	local_irq_disable();
	for (;;)
		halt();
	return size;
}

static const struct file_operations hang_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = hang_write,
};

static int board_ends(struct notifier_block *block, unsigned long event, void *unused)
{
	pr_emerg("lampboard: driven high at the end: 0x%07x\n", outputs & driven);
	return NOTIFY_DONE;
}

static struct notifier_block end_block = { .notifier_call = board_ends };

static int __init lampboard_init(void)
{
	int result;

	board = platform_device_register_simple("lampboard", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(board))
		return PTR_ERR(board);
	chip.label = "pinctrl-bcm2711";
	chip.parent = &board->dev;
	chip.owner = THIS_MODULE;
	chip.base = -1;
	chip.ngpio = LINES;
	chip.get = board_get;
	chip.set = board_set;
	chip.get_direction = board_direction;
	chip.direction_input = board_input;
	chip.direction_output = board_output;
	gpio_irq_chip_set_chip(&chip.irq, &board_irqs);
	chip.irq.handler = handle_simple_irq;
	chip.irq.default_type = IRQ_TYPE_NONE;
	result = gpiochip_add_data(&chip, NULL);
	if (result) {
		platform_device_unregister(board);
		return result;
	}
	register_reboot_notifier(&end_block);
	folder = debugfs_create_dir("lampboard", NULL);
	debugfs_create_file("levels", 0444, folder, NULL, &levels_fops);
	debugfs_create_file("pull", 0200, folder, NULL, &pull_fops);
	debugfs_create_file("hang", 0200, folder, NULL, &hang_fops);
	return 0;
}

static void __exit lampboard_exit(void)
{
	debugfs_remove_recursive(folder);
	unregister_reboot_notifier(&end_block);
	gpiochip_remove(&chip);
	platform_device_unregister(board);
}

module_init(lampboard_init);
module_exit(lampboard_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("The 28 pins of a Raspberry Pi's header, for Leukoscope's VM test");
